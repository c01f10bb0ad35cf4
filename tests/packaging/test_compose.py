"""packaging/docker/compose.yaml as it stands: its services, one after the other, with a Kafka of ours in place of its own."""

import os
import re
import socket

import pytest
import yaml

from support.containers import BASE
from support.programs import TREE
from support.wait import wait_until

FOLDER = TREE / "packaging/docker"
COMPOSITION = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSITION["services"]
PORTS = (4320, 4321)


class Composition:
    def __init__(self, containers, folder, replaced):
        self._containers, self._folder, self._replaced = containers, folder, replaced
        for volume in COMPOSITION["volumes"]:
            (folder / volume).mkdir()
            (folder / volume).chmod(0o777)  # a runtime gives a fresh volume the owner that the image's folder has

    def start(self, name):
        service = SERVICES[name]
        image = f"localhost/venus-{service['build']['target']}" if "build" in service else BASE
        hosts = [f"--add-host={host}:127.0.0.1" for host in SERVICES]  # all are on our network
        self._containers.run(
            f"compose-{name}", [image], *map(_filled, service.get("command", [])),
            mounts=[self._mount(one) for one in service.get("volumes", [])],
            environment=[f"{key}={_filled(value)}" for key, value in service.get("environment", {}).items()],
            options=hosts + (["--read-only", "--read-only-tmpfs=false"] if service.get("read_only") else []),
        )  # fmt: skip
        return self

    def completes(self, name):
        """Again and again, as `restart: on-failure` says, until it ends well."""
        assert SERVICES[name]["restart"] == "on-failure"

        def did():
            self.start(name)
            code = int(self._containers.podman("wait", f"compose-{name}").stdout)
            self._said = self._containers.logs(f"compose-{name}")
            self._containers.podman("rm", f"compose-{name}")
            return code == 0

        wait_until(did, f"{name} to end well", every=0.5)
        return self

    def stop(self, name):
        self._containers.podman("stop", f"compose-{name}")

    def logs(self, name):
        return self._containers.logs(f"compose-{name}")

    def _mount(self, volume):
        source, _, rest = volume.partition(":")
        where = self._folder / source if source in COMPOSITION["volumes"] else self._replaced.get(source, FOLDER / source)
        return f"{where}:{rest}"


def _filled(text):
    """As docker compose does: ${NAME:-default}, and $$ for $."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(text)).replace("$$", "$")


@pytest.fixture
def composition(containers, image, kafka, tmp_path):
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                pytest.skip(f"port {port} of this machine is taken: the composition's center listens there")
    containers.build("localhost/venus-center", "center")
    containers.build("localhost/venus-ctl", "ctl")
    tmp_path.chmod(0o755)
    ours = tmp_path / "conf.d"
    ours.mkdir()
    for file in (FOLDER / "compose/conf.d").iterdir():
        (ours / file.name).write_text(file.read_text().replace("kafka:9092", kafka.brokers))
    (tmp_path / "volumes").mkdir()
    yield Composition(containers, tmp_path / "volumes", {"./compose/conf.d": ours})
    containers.podman("rm", "--all", "--force", "--volumes", "--time", "0")


def test_what_the_application_logs_arrives_by_way_of_the_center(composition, kafka, tmp_path):
    kafka.create_topic("app", 3)
    composition.start("center").completes("apply").completes("rollout").start("app").start("agent")
    log = tmp_path / "volumes/logs/app.log"
    wait_until(lambda: log.with_name("app.log.1").exists(), "the application to rotate its log", 60)
    composition.stop("app")
    last = int(log.read_text().split()[-1])
    records = kafka.records("app", last, timeout=60)
    numbers = sorted(int(record["payload"].split()[-1]) for record in records)
    assert numbers == list(range(1, last + 1))
    composition.stop("agent")


def test_every_file_and_target_of_the_composition_exists():
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (FOLDER / "Dockerfile").read_text(), re.M)
    for name, service in SERVICES.items():
        if "build" in service:
            assert service["build"]["target"] in stages, name
            assert os.path.samefile(FOLDER / service["build"]["context"], TREE)
            assert (TREE / service["build"]["dockerfile"]).exists()
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSITION["volumes"] or (FOLDER / source).exists(), volume
        for needed in service.get("depends_on", []):
            assert needed in SERVICES
