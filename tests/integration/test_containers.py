"""Containers' logs: as a real podman writes them (its k8s-file driver writes CRI), as Docker and the kubelet do."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.containers import Containers
from support.lines import whole_lines
from support.wait import wait_until

ID = "8f3c0a4be7a24c5d9b1f6e2d3c4b5a69788796a5b4c3d2e1f00112233445566f"
BUSYBOX = pathlib.Path("/bin/busybox")


class Arrived:
    """What a file sink has got, as envelopes."""

    def __init__(self, path):
        self.sink = {"type": "file", "path": str(path), "encoding": "json"}
        self._path = path

    def records(self):
        return [json.loads(line) for line in whole_lines(self._path)]

    def lines(self, **fields):
        return [r["line"] for r in self.records() if all(r["fields"].get(k) == v for k, v in fields.items())]

    def wait(self, count):
        wait_until(lambda: len(self.records()) >= count, f"{count} records to arrive")


@pytest.fixture
def arrived(tmp_path):
    return Arrived(tmp_path / "arrived")


def containers_of(include, sink, **source):
    table = pipeline("containers", include, sink, **source)
    return {**table, "source": {**table["source"], "type": "container"}}


# --- podman ---


@pytest.fixture
def podman(storage):
    yield storage
    storage.podman("rm", "--all", "--force", "--time", "0")


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    containers = Containers()
    root = tmp_path_factory.mktemp("rootfs")
    for folder in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (root / folder).mkdir()
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    (root / "bin" / "sh").symlink_to("busybox")
    containers.image = ["--rootfs", root]
    containers.logs_glob = containers.folder / "storage" / "*-containers" / "*" / "userdata" / "ctr.log"
    yield containers
    containers.close()


def run(podman, name, script, *options):
    podman.run(name, podman.image, "sh", "-c", script, options=["--log-driver", "k8s-file", *options])


def test_a_record_is_what_the_container_wrote(podman, agent, arrived):
    agent.configure(containers_of(podman.logs_glob, arrived.sink)).start()
    long = "busybox head -c 40000 /dev/zero | busybox tr '\\0' x; echo"
    run(podman, "writer", f"echo one; echo two >&2; {long}; echo; busybox printf 'no end'")
    arrived.wait(5)
    assert arrived.lines(stream="stdout") == ["one", "x" * 40000, "", "no end"]
    assert arrived.lines(stream="stderr") == ["two"]
    identity = podman.podman("inspect", "writer", "--format", "{{.Id}}").stdout.strip()
    log = next(pathlib.Path(podman.folder).glob(f"storage/*-containers/{identity}/userdata/ctr.log")).read_text()
    assert log.startswith("2") and " stdout P xx" in log, "the runtime makes pieces"
    for record in arrived.records():
        assert record["fields"]["container"] == {"id": identity}
        assert record["time"][:19] in log
    assert agent.metric("decode_errors_total") == 0
    agent.stop()


def test_a_stack_trace_is_one_record_while_the_other_stream_goes_on(podman, agent, arrived):
    agent.configure(containers_of(podman.logs_glob, arrived.sink, multiline={"preset": "java"})).start()
    trace = ["Exception in thread main java.lang.IllegalStateException: no", "\tat a.B.c(B.java:1)", "\tat a.B.d(B.java:2)"]
    script = "; ".join(f"echo '{line}' >&2; echo out {n}" for n, line in enumerate(trace))
    run(podman, "java", script)
    arrived.wait(4)
    assert arrived.lines(stream="stderr") == ["\n".join(trace)]
    assert arrived.lines(stream="stdout") == ["out 0", "out 1", "out 2"]
    agent.stop()


def test_fifty_containers_that_come_and_go_lose_nothing_and_hold_nobody_up(podman, agent, arrived):
    """Each lives for a tenth of a second, and its log's folder is removed with it."""
    agent.configure(containers_of(podman.logs_glob, arrived.sink)).start()
    run(podman, "steady", "i=0; while true; do echo steady $i; i=$((i+1)); busybox sleep 0.02; done")
    for n in range(50):
        podman.podman("run", "--rm", "--network", "host", "--log-driver", "k8s-file", "--ulimit", "nofile=1000:1000",
                      "--ulimit", "nproc=1000:1000", *podman.image,
                      "sh", "-c", f"for i in 0 1 2 3 4 5 6 7 8 9; do echo c{n} $i; done; busybox sleep 0.1; echo c{n} end")  # fmt: skip
    podman.podman("stop", "--time", "0", "steady")
    expected = {f"c{n} {i}" for n in range(50) for i in [*range(10), "end"]}
    wait_until(lambda: len(expected - set(arrived.lines())) == 0, "all lines of all containers to arrive")
    steady = [line for line in arrived.lines() if line.startswith("steady")]
    assert steady == [f"steady {n}" for n in range(len(steady))]
    assert len(arrived.lines()) == len(expected) + len(steady), "each once"
    assert sum(agent.metric("losses_total", reason=reason) for reason in ("deleted", "truncated")) == 0
    agent.stop()
    assert "ERROR" not in agent.log_text()


# --- Docker ---


def docker_line(text, stream="stdout", second=0):
    return json.dumps({"log": text, "stream": stream, "time": f"2026-11-28T09:00:{second:02}.123456789Z"}) + "\n"


@pytest.fixture
def docker(tmp_path):
    folder = tmp_path / "docker" / "containers" / ID
    folder.mkdir(parents=True)
    labels = {"com.docker.compose.service": "front"}
    (folder / "config.v2.json").write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx:1.25", "Labels": labels}}))
    return folder / f"{ID}-json.log"


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


def test_dockers_lines_are_read_with_the_containers_name(agent, arrived, docker):
    agent.configure(containers_of(docker.parent.parent / "*" / "*-json.log", arrived.sink)).start()
    append(docker, docker_line("hello <world>\n") + docker_line("half ") + docker_line("oops\n", "stderr"))
    append(docker, docker_line("a line\n"))
    arrived.wait(3)
    assert arrived.lines(stream="stdout") == ["hello <world>", "half a line"]
    assert arrived.lines(stream="stderr") == ["oops"]
    record = arrived.records()[0]
    assert record["time"] == "2026-11-28T09:00:00.123Z"
    assert record["fields"]["container"] == {
        "id": ID, "name": "web", "image": "nginx:1.25", "labels": {"com_docker_compose_service": "front"},
    }  # fmt: skip


def test_a_piece_that_waits_is_read_again_after_a_crash(agent, arrived, docker):
    agent.configure(containers_of(docker.parent.parent / "*" / "*-json.log", arrived.sink, multiline={"preset": "go", "timeout": "1h"})).start()
    append(docker, docker_line("first\n") + docker_line("second\n") + docker_line("half "))
    arrived.wait(1)
    agent.kill()
    append(docker, docker_line("a line\n") + docker_line("end\n"))
    agent.start()
    wait_until(lambda: "half a line" in arrived.lines(), "the joined line to arrive")
    assert set(arrived.lines()) == {"first", "second", "half a line"}


def test_a_line_that_no_runtime_wrote_is_sent_as_it_is_and_counted(agent, arrived, docker):
    agent.configure(containers_of(docker.parent.parent / "*" / "*-json.log", arrived.sink)).start()
    append(docker, '{"log": torn\n' + docker_line("good\n"))
    arrived.wait(2)
    torn = arrived.records()[0]
    assert torn["line"] == '{"log": torn' and "parse_error" in torn["fields"]
    assert agent.metric("decode_errors_total", pipeline="containers") == 1


# --- the kubelet ---


def cri(text, second=0, stream="stdout", tag="F"):
    return f"2026-11-28T09:00:{second:02}.123456789Z {stream} {tag} {text}\n"


def test_where_chooses_containers_by_the_kubelets_names(agent, arrived, tmp_path):
    pods = tmp_path / "pods"
    for space, pod, container in (("shop", "cart", "web"), ("shop", "cart", "proxy"), ("kube-system", "dns", "dns")):
        folder = pods / f"{space}_{pod}_1f2e" / container
        folder.mkdir(parents=True)
        (folder / "0.log").write_text(cri(f"of {container}"))
    where = 'kubernetes.namespace == "shop" and kubernetes.container != "proxy"'
    agent.configure(containers_of(pods / "*" / "*" / "*.log", arrived.sink, where=where)).start()
    arrived.wait(1)
    names = {"namespace": "shop", "pod": "cart", "container": "web", "pod_uid": "1f2e"}
    assert [record["fields"]["kubernetes"] for record in arrived.records()] == [names]
    assert [file["path"] for file in agent.status()["pipelines"][0]["files"]] == [str(pods / "shop_cart_1f2e" / "web" / "0.log")]
    append(pods / "kube-system_dns_1f2e" / "dns" / "0.log", cri("still not"))
    append(pods / "shop_cart_1f2e" / "web" / "0.log", cri("more"))
    arrived.wait(2)
    assert arrived.lines() == ["of web", "more"]
    assert agent.health() == "healthy"


def test_where_knows_a_rotated_file_by_its_old_name(agent, arrived, tmp_path):
    folder = tmp_path / "pods" / "shop_cart_1f2e" / "web"
    folder.mkdir(parents=True)
    log = folder / "0.log"
    agent.configure(containers_of(folder / "0.log*", arrived.sink, where='path.name == "0.log"')).start()
    append(log, cri("before"))
    arrived.wait(1)
    agent.stop()
    append(log, cri("while stopped"))
    log.rename(folder / "0.log.1")
    agent.start()
    arrived.wait(2)
    assert arrived.lines() == ["before", "while stopped"]
    assert "ERROR" not in agent.log_text()


def test_a_reload_that_narrows_where_lets_go_of_containers(agent, arrived, tmp_path):
    logs = [tmp_path / "pods" / f"{space}_cart_1f2e" / "web" / "0.log" for space in ("shop", "pay")]
    for log in logs:
        log.parent.mkdir(parents=True)
        append(log, cri("before"))
    include = tmp_path / "pods" / "*" / "*" / "*.log"
    agent.configure(containers_of(include, arrived.sink)).start()
    arrived.wait(2)
    agent.configure(containers_of(include, arrived.sink, where='kubernetes.namespace == "shop"')).reload()
    wait_until(lambda: len(agent.status()["pipelines"][0]["files"]) == 1, "one to be let go of")
    for log in logs:
        append(log, cri("after"))
    arrived.wait(3)
    agent.stop()
    assert [r["fields"]["kubernetes"]["namespace"] for r in arrived.records()][2:] == ["shop"]


def test_the_kubelets_rotation_loses_nothing(agent, arrived, tmp_path):
    folder = tmp_path / "pods" / "shop_cart_1f2e" / "web"
    folder.mkdir(parents=True)
    log = folder / "0.log"
    agent.configure(containers_of(folder / "*.log*", arrived.sink, exclude=["*.gz"])).start()
    rotated = []
    for n in range(5):
        append(log, "".join(cri(f"{n} {i}") for i in range(100)))
        rotated.append(log.rename(folder / f"0.log.20261128-09000{n}"))
        log.touch()
        if n > 0:  # it leaves the newest one as it is until the next rotation
            subprocess.run(["gzip", rotated[n - 1]], check=True)
        arrived.wait(100 * (n + 1))
    assert arrived.lines() == [f"{n} {i}" for n in range(5) for i in range(100)]


def test_a_line_that_is_rotated_in_its_middle_is_one_record(agent, arrived, tmp_path):
    log = tmp_path / "0.log"
    agent.configure(containers_of(tmp_path / "0.log*", arrived.sink))
    for n in range(6):
        if n % 2 == 0:  # or both files are there when the agent starts
            agent.start()
        append(log, cri(f"{n} ", tag="P") + cri(f"beside {n}", stream="stderr"))
        log.rename(tmp_path / f"0.log.20261128-09000{n}")
        append(log, cri("is one ", tag="P"))
        append(log, cri("line", tag="F") + cri(f"behind {n}"))
        if n % 2 == 1:
            agent.start()
        arrived.wait(3 * (n + 1))
        agent.stop()
    agent.start()
    append(log, cri("last"))
    arrived.wait(19)
    agent.stop()
    parts = [line for n in range(6) for line in (f"{n} is one line", f"beside {n}", f"behind {n}")]
    assert arrived.lines() == [*parts, "last"]


def test_lines_that_are_rotated_in_their_middle_are_whole_over_kills_and_races(agent, kafka, topic, tmp_path):
    name, log, rotations = topic(), tmp_path / "0.log", 40
    chance = random.Random(1)
    agent.configure(containers_of(tmp_path / "0.log*", kafka_sink(name)), brokers=kafka.brokers).start()
    for n in range(rotations):
        if n == rotations // 2:
            agent.kill()
        append(log, cri(f"{n} ", tag="P") + cri(f"beside {n}", stream="stderr"))
        time.sleep(chance.choice((0, 0, 0.03)))
        log.rename(tmp_path / f"0.log.20261128-09{n:04}")
        time.sleep(chance.choice((0, 0, 0.03)))
        append(log, cri("is one ", tag="P"))
        time.sleep(chance.choice((0, 0, 0.03)))
        append(log, cri("line", tag="F") + cri(f"behind {n}"))
        if n == rotations // 2:
            agent.start()
    expected = {line for n in range(rotations) for line in (f"{n} is one line", f"beside {n}", f"behind {n}")}

    def arrived():  # what a kill repeats is whole, too
        return {record["payload"] for record in kafka.everything(name)}

    wait_until(lambda: expected <= arrived(), "every line")
    agent.stop()
    assert arrived() == expected


def test_try_shows_a_containers_records(agent, arrived, docker):
    append(docker, docker_line("half ") + docker_line("a line\n"))
    agent.configure(containers_of(docker, arrived.sink))
    done = agent.command("try", "--pipeline", "containers", os.path.relpath(docker))
    assert done.returncode == 0, done.stderr
    assert "where" not in done.stderr
    (record,) = map(json.loads, done.stdout.splitlines())
    assert record["line"] == "half a line" and record["fields"]["container"]["name"] == "web"
    agent.configure(containers_of(docker, arrived.sink, where='container.name == "other"'))
    assert "where does not choose this container" in agent.command("try", "--pipeline", "containers", docker).stderr
