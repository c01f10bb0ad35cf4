// Elastic's OpAMP client, driven by a test: its settings are the first argument, what happens goes as JSON lines to
// stdout, until stdin is closed.
'use strict';

const diagnostics = require('diagnostics_channel');
const {
    AgentCapabilities, DIAG_CH_SEND_FAIL, DIAG_CH_SEND_SUCCESS, RemoteConfigStatuses, createOpAMPClient,
} = require('@elastic/opamp-client-node');

const settings = JSON.parse(process.argv[2]);
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

diagnostics.subscribe(DIAG_CH_SEND_SUCCESS, () => tell({connected: true}));
diagnostics.subscribe(DIAG_CH_SEND_FAIL, ({err}) => tell({failed: String(err)}));

const client = createOpAMPClient({
    endpoint: settings.url,
    headers: settings.token ? {Authorization: `Bearer ${settings.token}`} : {},
    instanceUid: Buffer.from(settings.uid, 'hex'),
    capabilities: AgentCapabilities.AgentCapabilities_AcceptsRemoteConfig |
        AgentCapabilities.AgentCapabilities_ReportsRemoteConfig,
    heartbeatIntervalSeconds: settings.seconds,
    diagEnabled: true,
    onMessage: ({remoteConfig}) => {
        if (!remoteConfig) return;
        const files = {};
        for (const [name, file] of Object.entries(remoteConfig.config.configMap))
            files[name] = Buffer.from(file.body).toString();
        tell({config: files});
        client.setRemoteConfigStatus({
            status: settings.fails ? RemoteConfigStatuses.RemoteConfigStatuses_FAILED
                : RemoteConfigStatuses.RemoteConfigStatuses_APPLIED,
            errorMessage: settings.fails ? 'as the test says' : '',
            lastRemoteConfigHash: remoteConfig.configHash,
        });
    },
});
const labels = Object.entries(settings.labels ?? {}).map(([key, value]) => [`label.${key}`, value]);
client.setAgentDescription({
    identifyingAttributes: {'service.name': 'interop', 'service.version': '1.0'},
    nonIdentifyingAttributes: Object.fromEntries(labels),
});
client.start();

process.stdin.resume();
process.stdin.on('end', async () => {
    await client.shutdown();
    process.exit(0);
});
