"""The container image, and the agent as a sidecar: beside a program that logs into a volume that both have."""

import dataclasses
import itertools
import json
import pathlib
import time

import pytest

from support.containers import Containers
from support.debian import machine_root
from support.judge import assert_perfect, consume, write
from support.programs import JUDGE
from support.wait import wait_until

IMAGE_BYTES_MAX = 60_000_000
USER = 10001
STARTS = 50
_numbers = itertools.count(1)


@dataclasses.dataclass
class Sidecar:
    """The agent in a container; its state is a volume, so that it goes on where the one before it was."""

    containers: Containers
    image: list
    logs: pathlib.Path
    state: pathlib.Path
    environment: list
    mounts: tuple = ()
    name: str = ""

    def start(self):
        self.name = f"agent-{next(_numbers)}"
        self.containers.run(
            self.name, self.image, mounts=[f"{self.logs}:/logs:ro", f"{self.state}:/var/lib/venus-agent", *self.mounts],
            environment=self.environment, options=["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"],
        )  # fmt: skip
        return self

    def healthy(self):
        return self.containers.podman("healthcheck", "run", self.name, check=False).returncode == 0

    def await_healthy(self):
        wait_until(self.healthy, "the container to be healthy")
        return self

    def stop(self):
        """SIGTERM, and after ten seconds SIGKILL, as runtimes do; it must not come to that."""
        self.containers.podman("stop", self.name)
        code = self.containers.exit_code(self.name)
        assert code == 0, f"ended with {code}:\n{self.containers.logs(self.name)}"
        self.remove()

    def kill(self):
        self.containers.podman("kill", self.name)
        self.remove()

    def remove(self):
        self.containers.podman("rm", "--force", "--volumes", self.name)


@pytest.fixture
def sidecar(containers, image, kafka, topic, tmp_path):
    logs, state = tmp_path / "logs", tmp_path / "state"
    logs.mkdir()
    state.mkdir()
    tmp_path.chmod(0o755)
    state.chmod(0o777)
    name = topic(4)
    made = Sidecar(containers, image, logs, state, [f"VENUS_BROKER={kafka.brokers}", f"VENUS_TOPIC={name}", "VENUS_METRICS="])
    made.topic = name
    yield made
    containers.podman("rm", "--all", "--force", "--volumes", "--time", "0")


def test_the_image_is_small_and_has_nothing_but_the_agent(containers, image):
    about = json.loads(containers.podman("image", "inspect", *image).stdout)[0]
    print(f"image: {about['Size'] / 1e6:.1f} MB")
    assert about["Size"] < IMAGE_BYTES_MAX
    assert about["Config"]["User"] == f"{USER}:{USER}"
    for shell in ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/perl", "/usr/bin/apt-get"):
        done = containers.podman("run", "--rm", "--network", "host", "--ulimit", "nofile=10000:10000", "--ulimit", "nproc=10000:10000",
                                 "--health-interval", "disable", "--entrypoint", shell, *image, check=False)  # fmt: skip
        assert done.returncode == 127, f"{shell}: {done.returncode} {done.stderr}"


def test_the_environment_configures_it_and_sigterm_drains(sidecar, kafka):
    sidecar.start().await_healthy()
    first = write(sidecar.logs / "first.log", "first", 20_000)
    assert consume(kafka.brokers, sidecar.topic, [first])["missing"] == 0
    second = write(sidecar.logs / "second.log", "second", 50_000)
    sidecar.stop()  # in the middle of it
    sidecar.start().await_healthy()
    assert_perfect(consume(kafka.brokers, sidecar.topic, [first, second]))  # a drain: nothing comes twice
    sidecar.stop()


def test_the_image_reads_files_in_every_encoding(sidecar, tmp_path):
    """What iconv loads for them is in it."""
    encodings = {"gbk": "gbk", "gb18030": "gb18030", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "latin1": "latin-1", "auto": "utf-16"}
    text = '[agent]\nadmin_socket = "/var/lib/venus-agent/admin.sock"\nmetrics_listen = ""\n'
    lines = {encoding: ("café" if encoding == "latin1" else "你好") + f" {encoding}" for encoding in encodings}
    for encoding, codec in encodings.items():
        (sidecar.logs / f"{encoding}.log").write_bytes(f"{lines[encoding]}\n".encode(codec))
        text += f'[[pipelines]]\nname = "{encoding}"\nsource = {{ include = ["/logs/{encoding}.log"], encoding = "{encoding}" }}\n'
        text += 'sink = { type = "console" }\n'
    config = tmp_path / "agent.toml"
    config.write_text(text)
    sidecar.mounts = (f"{config}:/etc/venus-agent/agent.toml:ro",)
    sidecar.start().await_healthy()
    wait_until(lambda: all(line in sidecar.containers.logs(sidecar.name) for line in lines.values()), "each line")
    sidecar.stop()


def test_a_config_of_ones_own_takes_the_place_of_the_images(sidecar, tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text(
        '[agent]\nadmin_socket = "/var/lib/venus-agent/admin.sock"\nmetrics_listen = ""\n'
        '[[pipelines]]\nname = "own"\n[pipelines.source]\ninclude = ["/logs/*"]\n'
        '[pipelines.sink]\ntype = "console"\n'
    )
    sidecar.mounts = (f"{config}:/etc/venus-agent/agent.toml:ro",)
    (sidecar.logs / "app.log").write_text("said to the console\n")
    sidecar.start().await_healthy()
    wait_until(lambda: "said to the console" in sidecar.containers.logs(sidecar.name), "the record on the console")
    sidecar.stop()


def test_it_is_unhealthy_while_its_broker_is_out_of_reach(sidecar):
    sidecar.environment = ["VENUS_BROKER=127.0.0.1:1", "VENUS_TOPIC=none", "VENUS_METRICS="]
    (sidecar.logs / "app.log").write_text("a line\n")
    sidecar.start()
    degraded = 3  # an answer of the agent, not of a container that does not run
    status = ("exec", sidecar.name, "/usr/bin/venus-agent", "status")
    wait_until(lambda: sidecar.containers.podman(*status, check=False).returncode == degraded, "the agent to be degraded")
    assert not sidecar.healthy()
    sidecar.stop()


def test_nothing_is_missing_over_fifty_starts_and_stops_beside_a_program_that_rotates(sidecar, kafka, tmp_path):
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    writers, begin = [], time.monotonic()
    for number in range(1, STARTS + 1):
        sidecar.start()
        writers.append(Program(sidecar, manifests, number).start())
        time.sleep(0.05 * (number % 8))  # the agent may be starting, reading, or idle
        if number % 5 == 0:
            sidecar.kill()
        else:
            sidecar.stop()
        writers[-1].stop()
    print(f"{STARTS} starts and stops: {time.monotonic() - begin:.0f} s, {sum(w.lines for w in writers)} lines")
    sidecar.start().await_healthy()
    verdict = consume(kafka.brokers, sidecar.topic, writers)
    sidecar.stop()
    assert verdict["missing"] == 0, verdict
    assert sum(w.lines for w in writers) > STARTS * 100, "too little was written to say anything"


class Program:
    """A container that logs into the volume and rotates its log, until it is stopped."""

    def __init__(self, sidecar, manifests, number):
        self._containers, self._logs, self._name = sidecar.containers, sidecar.logs, f"program-{number}"
        self.manifest = manifests / f"{number}.json"
        self._writer = f"w{number}"

    def start(self):
        self._containers.run(
            self._name, ["--rootfs", f"{machine_root()}:O"], "/judge", "write", "--file", f"/logs/{self._writer}.log",
            "--writer", self._writer, "--rate", "3000", "--rotate-every", "500", "--manifest", f"/manifests/{self.manifest.name}",
            mounts=[f"{JUDGE}:/judge:ro", f"{self._logs}:/logs", f"{self.manifest.parent}:/manifests"],
        )  # fmt: skip
        return self

    def stop(self):
        """SIGTERM: it ends at a whole line and notes what it has written."""
        wait_until(lambda: any(p.stat().st_size for p in self._logs.glob(f"{self._writer}.log*")), "the program to write")
        self._containers.podman("stop", self._name)
        assert self._containers.exit_code(self._name) == 0, self._containers.logs(self._name)
        self._containers.podman("rm", self._name)

    @property
    def lines(self):
        return sum(json.loads(line)["lines"] for line in self.manifest.read_text().splitlines())
