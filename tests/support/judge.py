"""The judge for Python: writes lines, and tells what became of them."""

import itertools
import json
import pathlib
import signal
import subprocess
import tempfile

from support.lines import whole_lines
from support.programs import JUDGE

_manifests = tempfile.TemporaryDirectory(prefix="venus-manifests-")  # goes with this process
_numbers = itertools.count(1)
_processes = []  # of this test


class Writer:
    """A running `judge write`. Options are its own: rate=1000, rotate_every=500, torn=True …"""

    def __init__(self, file, writer, lines=0, size=200, **options):
        self.file = file
        self.manifest = pathlib.Path(_manifests.name) / f"{next(_numbers)}.json"
        command = [JUDGE, "write", "--file", file, "--writer", writer, "--lines", str(lines), "--size", str(size),
                   "--manifest", self.manifest]  # fmt: skip
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            command += [flag] if value is True else [flag, str(value)]
        self._process = subprocess.Popen(command)
        _processes.append(self._process)

    def wait(self, timeout=120):
        assert self._process.wait(timeout) == 0
        return self

    def stop(self):
        """Ends it at a whole line; its manifest then says how far it came."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def lines(self):
        return sum(json.loads(line)["lines"] for line in whole_lines(self.manifest))

    @property
    def files(self):
        return len(whole_lines(self.manifest))


def kill_writers():
    """After each test: one that failed has left its writers running."""
    for process in _processes:
        process.kill()
        process.wait()
    _processes.clear()


def write(file, writer, lines, **options):
    return Writer(file, writer, lines, **options).wait()


def consume(brokers, topics, writers, timeout=60, settle=1.0, **options):
    """The judge's verdict on what is in the topics; does not assert anything."""
    topics = [topics] if isinstance(topics, str) else topics
    arguments = ["--brokers", brokers, "--timeout", timeout, "--settle", settle]
    for topic in topics:
        arguments += ["--topic", topic]
    return _judge("consume", arguments, writers, options)


def verify(files, writers, **options):
    """The same for what the file sink wrote."""
    arguments = []
    for file in files:
        arguments += ["--file", file]
    return _judge("verify", arguments, writers, options)


def _judge(command, arguments, writers, options):
    arguments = [JUDGE, command, "--json", *map(str, arguments)]
    for writer in writers:
        arguments += ["--manifest", writer.manifest]
    for key, value in options.items():
        flag = "--" + key.replace("_", "-")
        arguments += [flag] if value is True else [flag, str(value)]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True)
    assert done.returncode in (0, 1), f"the judge could not work: {done.args}"
    verdict = json.loads(done.stdout)
    files = verdict.pop("files")
    print(f"judge {command}: {verdict}; {len(files)} files")
    return verdict


def assert_perfect(verdict):
    """Every line once, whole, and in the order of its file."""
    assert verdict["passed"] and verdict["missing"] == 0 and verdict["duplicate"] == 0, verdict
