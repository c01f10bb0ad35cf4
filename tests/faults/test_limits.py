"""What many files, many folders, slow neighbours and limits of speed do to the others: as little as was promised."""

import os
import resource
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, verify, write
from support.wait import wait_until

IDLE_FILES = 10_000
BUSY_FILES = 1_000
EXTENT_BYTES = 128 << 10  # read::kExtentBytesMax


def file_sink(path):
    return {"type": "file", "path": str(path)}


# --- inotify -----------------------------------------------------------------------------------------------------


def test_three_hundred_folders_take_one_inotify_instance(agent, logs, tmp_path):
    """A host lets a user have 128."""
    out = tmp_path / "out"
    agent.configure(*(pipeline(f"p{n}", logs / "*" / "*.log", file_sink(out)) for n in range(2))).start()
    for n in range(300):
        (logs / f"{n}").mkdir()
    writers = [write(logs / f"{n}" / "a.log", f"w{n}", 10) for n in range(0, 300, 10)]
    agent.await_acked("p0", 300)
    agent.await_acked("p1", 300)
    assert agent.open_paths().count("anon_inode:inotify") == 1
    agent.stop()
    verdict = verify([out], writers, allow_duplicates=300, allow_reorder=True)  # by two pipelines
    assert verdict["missing"] == 0 and verdict["duplicate"] == 300, verdict


def test_an_agent_that_gets_no_inotify_instance_says_so_and_ends(agent, logs, tmp_path):
    limit = "echo 0 >/proc/sys/user/max_inotify_instances && exec \"$@\""
    agent.configure(pipeline("p", logs / "*.log", file_sink(tmp_path / "out")))
    agent.start(wait=False, under=["unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh"])
    code = agent.process.wait(20)
    if "unshare failed" in agent.log_text():
        pytest.skip("needs user namespaces")
    assert code == 1
    assert "agent cannot run" in agent.log_tail(1) and "fs.inotify.max_user_instances" in agent.log_tail(1)


# --- many files --------------------------------------------------------------------------------------------------


def test_ten_thousand_idle_files_cost_next_to_nothing_and_each_is_heard(agent, logs, tmp_path):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < IDLE_FILES + 100:
        pytest.skip("needs more descriptors")
    out = tmp_path / "out"
    names = [f"{n:05}.log" for n in range(IDLE_FILES)]
    for name in names:
        (logs / name).write_text(f"{name} begins\n")
    agent.configure(pipeline("p", logs / "*.log", file_sink(out))).start()
    agent.await_acked("p", IDLE_FILES)
    time.sleep(1.5)  # the checkpoints of all of them
    before = agent.cpu_seconds()
    time.sleep(2)
    assert agent.cpu_seconds() - before <= 0.1
    for name in names[::1000]:
        begin = time.monotonic()
        with open(logs / name, "a") as log:
            log.write(f"{name} goes on\n")
        wait_until(lambda: f"{name} goes on\n" in _tail(out), "its line to arrive", timeout=5, every=0.005)
        assert time.monotonic() - begin < 1
    agent.stop()
    expected = [f"{name} begins" for name in names] + [f"{name} goes on" for name in names[::1000]]
    assert sorted(out.read_text().splitlines()) == sorted(expected)
    before = len(agent.log_text())
    agent.start()
    wait_until(lambda: agent.metric("files_open") == IDLE_FILES, "all files to be followed", timeout=10)
    agent.stop()
    assert out.read_text().count("\n") == len(expected)
    assert "ERROR" not in agent.log_text()[before:]


def _tail(path):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 1000))
        return file.read().decode()


def test_a_thousand_files_that_grow_at_once_are_read_in_turns(agent, logs, tmp_path):
    out = tmp_path / "out"
    agent.configure(pipeline("p", logs / "*.log", file_sink(out))).start()
    files = {f"{n:04}": logs / f"{n:04}.log" for n in range(BUSY_FILES)}
    for path in files.values():
        path.touch()
    wait_until(lambda: agent.metric("files_open") == BUSY_FILES, "all files to be followed")
    lines = EXTENT_BYTES // 1_000 + 2  # two extents, the second one short
    with agent.asleep():
        for name, path in files.items():
            path.write_text((name + "x" * 995 + "\n") * lines)
    agent.await_acked("p", BUSY_FILES * lines)
    agent.stop()
    order = [line[:4] for line in out.read_text().splitlines()]
    assert len(order) == BUSY_FILES * lines
    ends = {name: position for position, name in enumerate(order)}
    assert len(ends) == BUSY_FILES
    # Were each read to its end, the first would be there after a thousandth of all lines.
    assert min(ends.values()) > len(order) // 2


# --- limits of speed ---------------------------------------------------------------------------------------------


def test_a_rate_limit_holds_back_its_pipeline_alone_and_loses_nothing(agent, logs, tmp_path):
    slow, fast = tmp_path / "slow", tmp_path / "fast"
    writer = write(logs / "a.log", "a", 3_000)
    agent.configure(
        pipeline("slow", logs / "*.log", file_sink(slow), rate_limit="1000"),
        pipeline("fast", logs / "*.log", file_sink(fast)),
    ).start()
    begin = time.monotonic()
    agent.await_acked("fast", 3_000)
    assert agent.metric("records_acked_total", pipeline="slow") < 2_000
    agent.await_acked("slow", 3_000)
    assert 1 < time.monotonic() - begin < 6
    agent.stop()
    for out in (slow, fast):
        assert_perfect(verify([out], [writer]))


def test_the_agents_rate_limit_is_for_all_pipelines_and_high_priority_reads_first(agent, logs, tmp_path):
    out = {priority: tmp_path / priority for priority in ("high", "normal", "low")}
    writer = write(logs / "a.log", "a", 20_000)
    agent.configure(
        *(pipeline(name, logs / "*.log", file_sink(path), priority=name) for name, path in reversed(out.items())),
        rate_limit="5MiB",
    ).start()
    begin = time.monotonic()
    agent.await_acked("high", 20_000)
    others = {name: agent.metric("records_acked_total", pipeline=name) for name in ("normal", "low")}
    assert 0 < others["low"] and others["low"] + others["normal"] < 10_000, others
    for name in ("normal", "low"):
        agent.await_acked(name, 20_000)
    assert 1.5 < time.monotonic() - begin < 12  # 12 MB at 5 MiB/s
    agent.stop()
    for path in out.values():
        assert_perfect(verify([path], [writer]))


def test_a_cpu_limit_holds_and_loses_nothing(agent, logs, tmp_path):
    out = tmp_path / "out"
    flows = [pipeline("p", logs / "*.log", file_sink(out)),
             *(pipeline(f"p{n}", logs / "*.log", {"type": "blackhole"}) for n in range(3))]  # fmt: skip
    writer = write(logs / "a.log", "a", 500_000, size=80, lines_per_write=500)
    agent.configure(*flows, cpu_limit=0.04).start()
    wait_until(lambda: agent.metric("records_acked_total") > 0, "it to read")
    before, begin = agent.cpu_seconds(), time.monotonic()
    time.sleep(1.5)
    used, elapsed = agent.cpu_seconds() - before, time.monotonic() - begin
    assert agent.metric("records_acked_total") < 4 * 500_000, "it had something to do all the time"
    assert used < 0.08 * elapsed, (used, elapsed)
    agent.configure(*flows).reload()
    for flow in flows:
        agent.await_acked(flow["name"], 500_000)
    agent.stop()
    assert_perfect(verify([out], [writer]))


# --- neighbours --------------------------------------------------------------------------------------------------


def test_trouble_of_other_topics_never_moves_a_pipelines_latency(kafka, topic, agent, logs):
    mine, narrow = topic(), topic(max_message_bytes=20_000)
    others = [
        pipeline("missing", logs / "b.log", kafka_sink("nobody-made-this-topic")),
        pipeline("blocked", logs / "b.log", kafka_sink(narrow)),
        pipeline("dropped", logs / "b.log", kafka_sink(narrow, on_reject="drop")),
    ]
    agent.configure(
        pipeline("p", logs / "a.log", kafka_sink(mine)),
        *others,
        brokers=kafka.brokers,
        properties={"compression.type": "none"},  # what is too large stays too large
    ).start()
    writer = Writer(logs / "a.log", "a", rate=200)
    agent.await_acked("p", 200)
    alone = _slow_share(agent, seconds=2)
    with open(logs / "b.log", "w") as log:
        for _ in range(200):
            log.write("x" * 1_000 + "\n")
            log.write("y" * 100_000 + "\n")
    wait_until(lambda: agent.metric("records_dropped_total", pipeline="dropped") >= 1, "records to be rejected")
    wait_until(lambda: all(f"pipeline {name}" in agent.reasons() for name in ("missing", "blocked")), "their trouble")
    beside = _slow_share(agent, seconds=3)
    print(f"\nshare of records that took more than 0.1 s: {alone:.3f} alone, {beside:.3f} beside the others")
    assert beside <= alone + 0.05
    assert_perfect(consume(kafka.brokers, mine, [writer.stop()]))
    agent.stop()


def _slow_share(agent, seconds):
    """Of the records that are acknowledged now, those that took more than 0.1 s from reading."""

    def look():
        fast = agent.metric("delivery_seconds_bucket", pipeline="p", le="0.1")
        return fast, agent.metric("delivery_seconds_count", pipeline="p")

    fast, count = look()
    time.sleep(seconds)
    fast_later, count_later = look()
    assert count_later > count
    return 1 - (fast_later - fast) / (count_later - count)
