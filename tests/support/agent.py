"""The built venus-agent as a test sees it: a config file, a process, a status, metrics."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from support.programs import AGENT
from support.wait import wait_until

IN_FLIGHT_BYTES_MAX = 8 << 20  # kInFlightBytesMax, of a pipeline
UNSTORED_BYTES_MAX = 1 << 20  # kUnstoredBytesMax


def pipeline(name, include, sink, enabled=None, **source):
    include = [str(i) for i in (include if isinstance(include, list) else [include])]
    table = {"name": name, "source": {"type": "file", "include": include, **source}, "sink": sink}
    return table if enabled is None else {**table, "enabled": enabled}


def kafka_sink(topic, **options):
    return {"type": "kafka", "cluster": "main", "topic": topic, **options}


class Agent:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.config = folder / "agent.toml"
        self.log = folder / "agent.log"
        self.data_dir = folder / "data"
        self.admin_socket = folder / "admin.sock"
        self.metrics_port = free_port()
        self.process = None

    # --- its configuration ---

    def configure(self, *pipelines, brokers=None, properties=None, center=None, **agent):
        settings = {
            "data_dir": str(self.data_dir),
            "admin_socket": str(self.admin_socket),
            "metrics_listen": f"127.0.0.1:{self.metrics_port}",
            **agent,
        }
        document = {"agent": settings, "log": {"level": "debug"}}
        if brokers:
            cluster = {"brokers": brokers.split(",")}
            if properties:
                cluster["properties"] = properties
            document["clusters"] = {"main": cluster}
        if center:
            document["center"] = center
        document["pipelines"] = list(pipelines)
        fresh = self.config.with_suffix(".new")  # a reload that is going on reads the one or the other
        fresh.write_text(to_toml(document))
        fresh.replace(self.config)
        return self

    # --- its life ---

    def start(self, wait=True, under=(), **environment):
        """`under` is a command that becomes the agent: prlimit, nsenter."""
        assert not self.running
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*map(str, under), AGENT, "run", "--config", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment},
            )  # fmt: skip
        if wait:
            wait_until(self._answers, "the agent to answer", timeout=20)
        return self

    def _answers(self):
        assert self.running, f"the agent ended with {self.process.returncode}:\n{self.log_tail()}"
        try:
            self.scrape()
            return True
        except OSError:
            return False

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=30):
        """SIGTERM; it must drain and end well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        assert code == 0, f"ended with {code}:\n{self.log_tail()}"

    def kill(self):
        if self.running:
            self.process.kill()
            self.process.wait()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    @contextlib.contextmanager
    def asleep(self):
        """What happens in here, the agent sees only afterwards, all at once."""
        self.process.send_signal(signal.SIGSTOP)
        yield
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def rss(self):
        """Bytes."""
        return self._memory("VmRSS")

    def peak_rss(self):
        return self._memory("VmHWM")

    def data_bytes(self):
        """What RLIMIT_DATA is compared with."""
        return self._memory("VmData")

    def _memory(self, name):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def open_paths(self):
        return open_paths(self.process.pid)

    # --- its commands ---

    def command(self, *arguments):
        """Runs a subcommand with our config; the finished process."""
        return subprocess.run(
            [AGENT, *map(str, arguments), "--config", self.config], capture_output=True, text=True, timeout=30
        )

    def status(self):
        done = self.command("status", "--json")
        assert done.returncode in (0, 3), done.stderr
        return json.loads(done.stdout)

    def health(self):
        return {0: "healthy", 3: "degraded", 1: "not running"}[self.command("status").returncode]

    def checkpoints(self):
        done = self.command("checkpoints", "list", "--json")
        assert done.returncode == 0, done.stderr
        listed = json.loads(done.stdout)
        return listed["checkpoints"] if isinstance(listed, dict) else listed

    def reasons(self):
        """Why it is degraded, as one text."""
        return "\n".join(self.status()["reasons"])

    def bytes_repeated_max(self, logs):
        """After a kill, of one pipeline's files in the folder: what lies beyond the checkpoints, and no more than what
        may have been in flight or acknowledged since they were written."""
        done = sum(checkpoint["offset"] for checkpoint in self.checkpoints())
        beyond = sum(path.stat().st_size for path in logs.iterdir()) - done
        return min(max(0, beyond), IN_FLIGHT_BYTES_MAX + UNSTORED_BYTES_MAX)

    # --- its metrics ---

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=5) as answer:
            return answer.read().decode()

    def http_status(self, path):
        try:
            self.get(path)
            return 200
        except urllib.error.HTTPError as error:
            return error.code

    def scrape(self):
        """[(name without venus_agent_, labels, value)]."""
        samples = []
        for line in self.get("/metrics").splitlines():
            match = re.fullmatch(r"venus_agent_(\w+)(?:\{(.*)\})? (\S+)", line)
            if match:
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
                samples.append((match[1], labels, float(match[3])))
        return samples

    def metric(self, name, **labels):
        """The sum over everything that has these labels."""
        return sum(v for n, has, v in self.scrape() if n == name and labels.items() <= has.items())

    def books(self, pipeline):
        """What the contract says is balanced at rest."""
        samples = self.scrape()

        def total(name):
            return sum(v for n, has, v in samples if n == name and has.get("pipeline") == pipeline)

        return {
            "read": total("lines_read_total"),
            "acked": total("records_acked_total"),
            "dropped": total("records_dropped_total"),
            "failed": total("records_failed_total"),
            "in_flight_bytes": total("in_flight_bytes"),
            "lag": total("file_lag_bytes"),
        }

    def await_acked(self, pipeline, lines, timeout=60):
        wait_until(
            lambda: self.metric("records_acked_total", pipeline=pipeline) >= lines,
            f"{lines} records of {pipeline} to be acknowledged",
            timeout,
        )


def open_paths(pid):
    """What the descriptors of a process lead to; one that is closed meanwhile is left out."""
    paths = []
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            paths.append(os.readlink(descriptor))
    return paths


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def to_toml(value):
    """Enough TOML for our configs: tables as headers on the top, inline below; TOML's strings are JSON's."""
    lines = []
    for name, table in value.items():
        if name == "pipelines":
            for entry in table:
                lines.append("[[pipelines]]")
                lines += [f"{key} = {_inline(item)}" for key, item in entry.items()]
        elif name == "clusters":
            for cluster, settings in table.items():
                lines.append(f"[clusters.{cluster}]")
                lines += [f"{key} = {_inline(item)}" for key, item in settings.items()]
        elif not isinstance(table, dict):
            lines.append(f"{name} = {_inline(table)}")
        else:
            lines.append(f"[{name}]")
            lines += [f"{key} = {_inline(item)}" for key, item in table.items()]
    return "\n".join(lines) + "\n"


def _inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return json.dumps(str(value) if isinstance(value, pathlib.Path) else value)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]
