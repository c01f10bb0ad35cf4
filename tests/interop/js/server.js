// Elastic's mock OpAMP server, driven by a test: its options are the first argument, commands come as JSON lines on
// stdin: {"files": {…}} offers them, {"requests": true} prints the messages so far. The first line has the address.
'use strict';

const readline = require('readline');
const {MockOpAMPServer} = require('@elastic/mockopampserver');

const tell = (value) => process.stdout.write(`${JSON.stringify(value, replacer)}\n`);

function replacer(_key, value) {
    if (typeof value === 'bigint') return Number(value);
    if (value?.type === 'Buffer') return Buffer.from(value.data).toString('hex');
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

function configMap(files) {
    const all = {};
    for (const [name, body] of Object.entries(files)) all[name] = {body: Buffer.from(body), contentType: 'text/toml'};
    return {configMap: all};
}

async function main() {
    const {files, ...options} = JSON.parse(process.argv[2]);
    const server = new MockOpAMPServer({
        logLevel: 'fatal', hostname: '127.0.0.1', port: 0, testMode: true, ...options,
        ...(files && {agentConfigMap: configMap(files)}),
    });
    await server.start();
    tell({address: new URL(server.endpoint).host});
    for await (const line of readline.createInterface({input: process.stdin})) {
        const command = JSON.parse(line);
        if (command.files) server.setAgentConfigMap(configMap(command.files));
        tell({requests: server.testGetRequests().map(({res, a2s, s2a, err}) => ({
            status: res.statusCode, message: a2s, answer: s2a, error: err?.message}))});
    }
    process.exit(0);
}

main();
