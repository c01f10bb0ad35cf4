"""What a host does to an agent: a full disk, a damaged store, no descriptors, watches or memory, a clock that steps."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess

import pytest

from support.agent import kafka_sink, pipeline
from support.disk import SmallDisk
from support.judge import Writer, assert_perfect, consume, verify, write
from support.wait import wait_until

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
LINE_BYTES = 201  # with its ending
SWEEP_SECONDS = 10  # Discovery::kSweepInterval


def file_sink(path):
    return {"type": "file", "path": str(path)}


def offsets(agent):
    return {c["path"]: c["offset"] for c in agent.checkpoints()}


# --- data_dir ----------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(agent):
    disk = SmallDisk(agent.data_dir, "16m")
    if not disk.is_mounted:
        pytest.skip("needs user namespaces")
    yield disk
    agent.kill()
    disk.unmount()


@pytest.fixture
def on_a_full_disk(kafka, topic, agent, disk, logs):
    """An agent whose disk became full while it delivers: its topic, its writers, the offsets that it could store."""
    name = topic()
    disk.fill(but=512 << 10)  # too little for RocksDB to take room in advance
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers)
    agent.start(under=disk.enter)
    writers = [Writer(logs / f"{w}.log", w, rate=150) for w in "abcdefgh"]
    wait_until(lambda: len(offsets(agent)) == len(writers), "the first checkpoints")
    disk.fill()
    wait_until(lambda: "checkpoints cannot be written" in agent.log_text(), "the agent to say so", timeout=60)
    stored = offsets(agent)
    agent.await_acked("p", agent.metric("records_acked_total") + 2_000)
    assert offsets(agent) == stored
    assert "checkpoints cannot be written" in agent.reasons()
    return name, writers, stored


def test_a_full_disk_holds_up_checkpoints_and_nothing_else_until_there_is_room(kafka, agent, disk, on_a_full_disk):
    name, writers, stored = on_a_full_disk
    disk.empty()
    wait_until(lambda: "checkpoints are written again" in agent.log_text(), "the agent to say so", timeout=60)
    wait_until(lambda: all(offsets(agent)[path] > stored[path] for path in stored), "checkpoints to go on")
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    assert_perfect(consume(kafka.brokers, name, [writer.stop() for writer in writers]))
    agent.stop()


def test_a_kill_while_the_disk_is_full_costs_duplicates_only(kafka, agent, disk, on_a_full_disk):
    name, writers, stored = on_a_full_disk
    agent.kill()
    disk.empty()
    agent.start(under=disk.enter)
    written = [writer.stop() for writer in writers]
    bound = (sum(path.stat().st_size for path in map(pathlib.Path, stored)) - sum(stored.values())) // LINE_BYTES
    verdict = consume(kafka.brokers, name, written, allow_duplicates=bound, allow_reorder=True)
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0, verdict
    assert 2_000 <= verdict["duplicate"] <= bound
    agent.stop()


def _file_in_its_place(agent):
    agent.data_dir.write_text("")


def _file_above_it(agent):
    agent.data_dir = agent.folder / "file" / "data"
    agent.data_dir.parent.write_text("")


@pytest.mark.parametrize("spoil", [_file_in_its_place, _file_above_it])
def test_a_data_dir_that_cannot_be_is_refused(agent, logs, tmp_path, spoil):
    spoil(agent)
    agent.configure(pipeline("p", logs / "*.log", file_sink(tmp_path / "out"))).start(wait=False)
    assert agent.process.wait(20) == 1
    assert str(agent.data_dir) in agent.log_tail(1) and "agent cannot run" in agent.log_tail(1)


def test_a_read_only_data_dir_is_refused(agent, logs, tmp_path):
    disk = SmallDisk(agent.data_dir, "16m", options=",ro")
    if not disk.is_mounted:
        pytest.skip("needs user namespaces")
    agent.configure(pipeline("p", logs / "*.log", file_sink(tmp_path / "out"))).start(wait=False, under=disk.enter)
    assert agent.process.wait(20) == 1
    assert str(agent.data_dir) in agent.log_tail(1) and "Read-only file system" in agent.log_tail(1)
    disk.unmount()


def test_folders_above_data_dir_are_made(agent, logs, tmp_path):
    agent.data_dir = agent.folder / "not" / "there" / "yet"
    agent.configure(pipeline("p", logs / "*.log", file_sink(tmp_path / "out"))).start()
    writer = write(logs / "a.log", "a", 100)
    agent.await_acked("p", 100)
    agent.stop()
    assert_perfect(verify([tmp_path / "out"], [writer]))


def test_a_second_agent_on_a_data_dir_is_refused_and_does_the_first_no_harm(new_agent, logs, tmp_path):
    first, second = new_agent("first"), new_agent("second")
    second.data_dir = first.data_dir
    for agent in (first, second):
        agent.configure(pipeline("p", logs / "*.log", file_sink(tmp_path / "out")))
    first.start()
    writer = Writer(logs / "a.log", "a", rate=1_000)
    first.await_acked("p", 500)
    second.start(wait=False)
    assert second.process.wait(20) == 1
    assert "another venus-agent is using it" in second.log_tail(1) and str(first.data_dir) in second.log_tail(1)
    first.await_acked("p", first.metric("records_acked_total") + 1_000)
    writer.stop()
    first.await_acked("p", writer.lines)
    first.stop()
    assert_perfect(verify([tmp_path / "out"], [writer]))


def _empty(path):
    os.truncate(path, 0)


def _cut_in_half(path):
    os.truncate(path, path.stat().st_size // 2)


def _flip_a_byte(path):
    content = bytearray(path.read_bytes())
    if content:
        content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _flip_all(path):
    path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))


def _remove(path):
    path.unlink()


def _age_store(agent):
    """Until it has more than its journal: the checkpoints of several starts."""
    for _ in range(3):
        agent.start()
        agent.stop()


@pytest.mark.parametrize("damage", [_empty, _cut_in_half, _flip_a_byte, _flip_all, _remove])
def test_damage_to_any_file_of_the_store_costs_duplicates_at_most(agent, logs, tmp_path, damage):
    out = tmp_path / "out"
    agent.configure(pipeline("p", logs / "*.log", file_sink(out))).start()
    writers = [write(logs / "a.log", "a", 1_000)]
    agent.await_acked("p", 1_000)
    agent.stop()
    _age_store(agent)
    good = tmp_path / "good"
    shutil.copytree(agent.data_dir, good)
    files = sorted(path.relative_to(good) for path in (good / "checkpoints").iterdir())
    assert {path.suffix for path in files} >= {".sst", ".log"}
    for n, path in enumerate(files):
        shutil.rmtree(agent.data_dir)
        shutil.copytree(good, agent.data_dir)
        damage(agent.data_dir / path)
        writers.append(write(logs / "a.log", f"b{n}", 100))
        agent.start()
        verdict = {}

        def everything_arrived():
            verdict.update(verify([out], writers, allow_duplicates=1 << 40, allow_reorder=True))
            return verdict["missing"] == 0

        wait_until(everything_arrived, f"all lines, with {path} damaged", every=0.2)
        assert verdict["corrupt"] == 0, (path, verdict)
        agent.stop()


# --- the kernel's limits -----------------------------------------------------------------------------------------


BUSY_FILES = 200


def test_two_hundred_busy_files_take_turns_with_a_hundred_descriptors(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers)
    agent.start(under=["prlimit", "--nofile=100:100"])
    writers = [Writer(logs / f"{n}.log", f"w{n}", rate=50) for n in range(BUSY_FILES)]
    wait_until(lambda: "they take turns" in agent.log_text(), "the agent to say so")
    agent.await_acked("p", 40 * BUSY_FILES)
    assert len(agent.open_paths()) < 100
    assert agent.health() == "healthy"
    assert agent.metric("files_open") < BUSY_FILES == len(agent.status()["pipelines"][0]["files"])
    assert_perfect(consume(kafka.brokers, name, [writer.stop() for writer in writers]))
    agent.stop()
    assert "ERROR" not in agent.log_text()


def test_idle_files_hold_no_descriptor_and_are_read_on_when_they_are_written_to(agent, logs, tmp_path):
    out = tmp_path / "out"
    agent.configure(pipeline("p", logs / "*.log*", file_sink(out))).start()
    writers = [write(logs / f"{n}.log", f"a{n}", 10) for n in range(50)]
    agent.await_acked("p", 500)
    assert agent.metric("files_open") == 50
    wait_until(lambda: agent.metric("files_open") == 0, "the files to be closed", timeout=30)
    assert not [path for path in agent.open_paths() if path.startswith(str(logs))]
    assert len(agent.status()["pipelines"][0]["files"]) == 50
    (logs / "0.log").rename(logs / "0.log.1")
    writers += [write(logs / "0.log.1", "b0", 10), write(logs / "0.log", "c0", 10)]
    writers += [write(logs / f"{n}.log", f"b{n}", 10) for n in range(1, 50)]
    agent.await_acked("p", 1_010)
    agent.stop()
    assert_perfect(verify([out], writers))


@pytest.mark.parametrize("end", ["moved", "deleted"])
def test_what_is_still_written_to_an_idle_file_that_left_is_read(agent, logs, tmp_path, end):
    if os.geteuid() != 0:
        pytest.skip("needs CAP_DAC_READ_SEARCH")
    out = tmp_path / "out"
    agent.configure(pipeline("p", logs / "*.log", file_sink(out))).start()
    with open(logs / "a.log", "a", buffering=1) as writer:
        writer.write("before\n")
        agent.await_acked("p", 1)
        wait_until(lambda: agent.metric("files_open") == 0, "the file to be closed", timeout=30)
        (logs / "a.log").rename(tmp_path / "away") if end == "moved" else (logs / "a.log").unlink()
        wait_until(lambda: "file is gone" in agent.log_text(), "the agent to see it")
        writer.write("after\n")
        agent.await_acked("p", 2)
    agent.stop()
    assert out.read_text() == "before\nafter\n"


def test_folders_beyond_the_watches_are_looked_at_by_the_sweep(agent, logs, tmp_path):
    out = tmp_path / "out"
    limit = "echo 3 >/proc/sys/user/max_inotify_watches && exec \"$@\""
    enter = ["unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh"]
    if subprocess.run([*enter, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs user namespaces")
    for n in range(8):
        (logs / f"{n}").mkdir()
    writers = [write(logs / f"{n}" / "a.log", f"a{n}", 100) for n in range(8)]
    agent.configure(pipeline("p", logs / "*" / "*.log", file_sink(out))).start(under=enter)
    agent.await_acked("p", 800)
    assert "fs.inotify.max_user_watches is exhausted" in agent.log_text()
    writers += [write(logs / f"{n}" / "a.log", f"b{n}", 100) for n in range(8)]  # grows
    writers += [write(logs / f"{n}" / "c.log", f"c{n}", 100) for n in range(8)]  # appears
    agent.await_acked("p", 2_400, timeout=SWEEP_SECONDS + 30)
    agent.stop()
    assert_perfect(verify([out], writers))


def test_an_overflow_of_the_inotify_queue_hides_nothing(agent, logs, tmp_path):
    out = tmp_path / "out"
    queued_max = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    agent.configure(pipeline("p", logs / "*.log", file_sink(out))).start()
    expected = []

    def append(name, text):
        expected.append(text)
        with open(logs / name, "a") as file:
            file.write(text + "\n")

    for name in ("a.log", "b.log"):
        append(name, f"{name} begins")
    agent.await_acked("p", 2)
    with agent.asleep():
        with open(logs / "a.log", "ab", buffering=0) as a, open(logs / "b.log", "ab", buffering=0) as b:
            for n in range(queued_max + 100):  # alternately, or the kernel would merge the events
                expected += [f"a {n}", f"b {n}"]
                a.write(f"a {n}\n".encode())
                b.write(f"b {n}\n".encode())
        append("c.log", "made when the queue was full")
        (logs / "a.log").rename(logs / "renamed.log")
        append("a.log", "made anew when the queue was full")
        append("renamed.log", "after the renaming")
    agent.await_acked("p", len(expected), timeout=SWEEP_SECONDS - 3)  # the next sweep would find it all anyway
    append("c.log", "and it is followed")
    agent.await_acked("p", len(expected))
    agent.stop()
    assert sorted(out.read_text().splitlines()) == sorted(expected)


# --- memory ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grows_by", [0, 1 << 20], ids=["at-once", "a-little-later"])
def test_an_agent_that_gets_no_more_memory_ends_and_loses_nothing(kafka, topic, agent, logs, grows_by):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writers = [Writer(logs / f"{w}.log", w, rate=2_000) for w in "ab"]
    agent.await_acked("p", 1_000)
    limit = agent.data_bytes() + grows_by
    resource.prlimit(agent.process.pid, resource.RLIMIT_DATA, (limit, limit))
    writers += [write(logs / f"much-{n}.log", f"much-{n}", 100_000, lines_per_write=200) for n in range(2)]
    assert agent.process.wait(30) == -signal.SIGABRT
    bound = agent.bytes_repeated_max(logs) // LINE_BYTES
    agent.start()
    for writer in writers[:2]:
        writer.stop()
    verdict = consume(kafka.brokers, name, writers, allow_duplicates=bound, allow_reorder=True)
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0 and verdict["duplicate"] <= bound, verdict
    agent.stop()


# --- the clock ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not FAKETIME, reason="needs libfaketime")
def test_a_clock_that_steps_an_hour_either_way_changes_nothing(kafka, topic, agent, logs, tmp_path):
    name, clock = topic(), tmp_path / "clock"
    clock.write_text("+0")
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=kafka.brokers)
    agent.start(LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1")  # fmt: skip
    writer = Writer(logs / "a.log", "a", rate=1_000, rotate_every=1_000)
    agent.await_acked("p", 1_000)
    for step in ("+3600", "-3600", "+0"):
        clock.write_text(step)
        acked, stored = agent.metric("records_acked_total"), sum(offsets(agent).values())
        agent.await_acked("p", acked + 2_000)
        wait_until(lambda: sum(offsets(agent).values()) > stored, f"checkpoints to go on after {step}")
        assert agent.health() == "healthy"
    writer.stop()
    agent.await_acked("p", writer.lines)
    agent.stop(timeout=15)
    assert_perfect(consume(kafka.brokers, name, [writer]))
