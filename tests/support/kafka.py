"""tests/kafka/kafka for Python. The cluster ends with this process, however that ends: it watches our end of a pipe."""

import itertools
import json
import os
import pathlib
import subprocess
import tempfile

from support.programs import KAFKA

_numbers = itertools.count(1)


class Kafka:
    def __init__(self, nodes=1, listeners=(), scram=(), version=None, **properties):
        # The script makes the folder and removes it, so that nothing is left even where we are killed.
        self.folder = pathlib.Path(tempfile.gettempdir()) / f"venus-kafka-{os.getpid()}-{next(_numbers)}"
        command = [KAFKA, "run", "--dir", self.folder, "--nodes", str(nodes)]
        for key, value in properties.items():
            command += ["-p", f"{key.replace('_', '.')}={value}"]
        for listener in listeners:
            command += ["--listener", listener]
        for credential in scram:
            command += ["--scram", credential]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, **({"KAFKA_VERSION": version} if version else {})},
        )  # fmt: skip
        line = self._process.stdout.readline().strip()
        if not line.startswith("BROKERS="):
            self.stop()
            raise RuntimeError("cannot start Kafka, see above")
        self.brokers = line.removeprefix("BROKERS=")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def ours(self):
        """False where BROKERS= lends us a cluster whose nodes we must not stop."""
        return not os.environ.get("BROKERS")

    def stop(self):
        self._process.stdin.close()
        self._process.wait()

    def create_topic(self, name, partitions=1, replication=1, **config):
        settings = [f"{key.replace('_', '.')}={value}" for key, value in config.items()]
        self._do("create-topic", name, str(partitions), str(replication), *settings)

    def delete_topic(self, name):
        self._do("delete-topic", name)

    def place_topic(self, name, partitions, *nodes):
        self._do("place-topic", name, str(partitions), *map(str, nodes))

    def elect_leader(self, topic, node):
        self._do("elect-leader", topic, str(node))

    def allow(self, topic, principal, operation):
        self._do("allow", topic, principal, operation)

    def stop_node(self, node=1, kill=False):
        self._do("stop-node", str(node), *(["--kill"] if kill else []))

    def start_node(self, node=1):
        self._do("start-node", str(node))

    def address(self, node=1, listener="PLAINTEXT"):
        return json.loads((self.folder / "cluster.json").read_text())["listeners"][str(node)][listener]

    def records(self, topic, count, timeout=30):
        """The first `count` records of a topic as kcat's JSON objects: key, payload, headers, partition, offset."""
        command = ["timeout", str(timeout), "kcat", "-C", "-b", self.brokers, "-t", topic, "-o", "beginning",
                   "-J", "-u", "-q", "-c", str(count)]  # fmt: skip
        records = self._consume(command)
        assert len(records) == count, f"{len(records)} of {count} records arrived in {topic}"
        return records

    def everything(self, topic, timeout=30):
        """What a topic has now, in each partition's order; the same objects."""
        return self._consume(["timeout", str(timeout), "kcat", "-C", "-b", self.brokers, "-t", topic, "-o", "beginning",
                              "-J", "-u", "-q", "-e"])  # fmt: skip

    @staticmethod
    def _consume(command):
        output = subprocess.run(command, capture_output=True, text=True).stdout
        records = [json.loads(line) for line in output.splitlines()]
        for record in records:
            flat = record.get("headers") or []
            record["headers"] = dict(zip(flat[::2], flat[1::2]))
        return records

    def produce(self, topic, key, value):
        command = ["kcat", "-P", "-b", self.brokers, "-t", topic, "-K", "\t"]
        subprocess.run(command, input=f"{key}\t{value}\n", text=True, check=True)

    def _do(self, command, *arguments):
        subprocess.run([KAFKA, command, *arguments, "--dir", self.folder], check=True)
