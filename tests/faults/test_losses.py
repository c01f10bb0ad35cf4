"""What nobody can save is never lost in silence: an ERROR with path and byte range, a metric, the books."""

import gzip
import re
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import write
from support.wait import wait_until

LINE = "a line that nobody will ever read, or that somebody will\n"


@pytest.fixture
def follower(agent, logs, tmp_path):
    """An agent that has delivered three lines of `logs`/a.log to a file."""
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(tmp_path / "out")})).start()
    (logs / "a.log").write_text(3 * LINE)
    agent.await_acked("p", 3)
    return agent


def losses(agent, message):
    """(path, begin, end, reason) of each such ERROR."""
    found = re.findall(rf"ERROR {message} .*?path=(\S+) begin=(\d+) end=(\S+) bytes=(\S+) reason=(\w+)", agent.log_text())
    assert all((end == "unknown") == (count == "unknown") for _, _, end, count, _ in found), found
    return [(path, int(begin), end if end == "unknown" else int(end), reason) for path, begin, end, _, reason in found]


def books(agent, name="p"):
    return next(p for p in agent.status()["pipelines"] if p["name"] == name)["bytes"]


def assert_balanced(agent):
    told = next(p for p in agent.status()["pipelines"] if p["name"] == "p")
    of = told["bytes"]
    assert of["seen"] == of["acked"] + sum(of["dropped"].values()) + sum(of["lost"].values()) + told["lag_bytes"], told


def test_the_books_of_a_file_say_what_became_of_each_byte(follower, logs):
    with open(logs / "a.log", "a") as log:
        log.write(LINE + "part")
    wait_until(lambda: books(follower)["acked"] == 4 * len(LINE), "the line to be in the books")
    wait_until(lambda: books(follower)["seen"] == 4 * len(LINE) + len("part"), "the partial line to be seen")
    file = follower.status()["pipelines"][0]["files"][0]
    assert file["bytes"]["read"] == 4 * len(LINE) and file["lag"] == len("part")
    assert set(file["bytes"]["dropped"]) == {"long_line", "processor", "rejected", "dead_letter"}
    assert_balanced(follower)


def test_a_file_truncated_while_the_agent_is_stopped_is_told_with_what_is_known(follower, logs):
    follower.stop()
    with open(logs / "a.log", "a") as log:
        log.write(2 * LINE)
    (logs / "a.log").write_text("anew\n")
    follower.start()
    follower.await_acked("p", 1)
    assert losses(follower, "lines may be lost") == [
        (str(logs / "a.log"), 3 * len(LINE), "unknown", "truncated_while_stopped")
    ]
    assert follower.metric("losses_total", reason="truncated_while_stopped") == 1


def test_a_file_deleted_while_the_agent_is_stopped_is_told_once(follower, logs):
    follower.stop()
    with open(logs / "a.log", "a") as log:
        log.write(2 * LINE)
    (logs / "a.log").unlink()
    follower.start()
    wait_until(lambda: follower.metric("losses_total", reason="deleted_while_stopped") == 1, "the loss to be counted")
    assert losses(follower, "lines may be lost") == [
        (str(logs / "a.log"), 3 * len(LINE), "unknown", "deleted_while_stopped")
    ]
    follower.stop()
    follower.start()
    assert follower.metric("losses_total") == 0, "it was told before"


def test_a_file_rotated_compressed_and_deleted_while_the_agent_is_stopped_is_told(follower, logs):
    follower.stop()
    with open(logs / "a.log", "a") as log:
        log.write(2 * LINE)
    (logs / "a.log").rename(logs / "a.log.1")
    (logs / "a.log.1.gz").write_bytes(gzip.compress((logs / "a.log.1").read_bytes()))
    (logs / "a.log.1").unlink()
    (logs / "a.log").write_text(LINE)
    follower.start()
    follower.await_acked("p", 1)
    wait_until(lambda: follower.metric("losses_total") == 1, "the loss to be counted")
    assert losses(follower, "lines may be lost") == [
        (str(logs / "a.log"), 3 * len(LINE), "unknown", "deleted_while_stopped")
    ]
    assert follower.metric("lines_read_total") == 1


def test_a_file_moved_out_of_sight_while_the_agent_is_stopped_is_told_and_goes_on_when_it_is_back(follower, logs):
    away = logs.parent / "away.log"
    follower.stop()
    (logs / "a.log").rename(away)
    follower.start()
    wait_until(lambda: follower.metric("losses_total", reason="deleted_while_stopped") == 1, "the loss to be counted")
    with open(away, "a") as log:
        log.write(2 * LINE)
    away.rename(logs / "a.log")
    follower.await_acked("p", 2)
    assert follower.metric("lines_read_total") == 2, "it goes on where it was"


def test_what_was_seen_of_a_file_deleted_while_the_agent_is_stopped_is_lost_for_certain(kafka, agent, logs):
    nowhere = pipeline("p", logs / "*.log", kafka_sink("nobody-made-this-topic"))
    agent.configure(nowhere, brokers=kafka.brokers).start()
    write(logs / "a.log", "a", 5_000)
    size = (logs / "a.log").stat().st_size
    wait_until(lambda: books(agent)["seen"] == size, "the file to be seen")
    time.sleep(2)  # checkpoints are stored once a second
    agent.kill()
    (logs / "a.log").unlink()
    agent.start()
    wait_until(lambda: agent.metric("losses_total") == 1, "the loss to be counted")
    assert losses(agent, "lines are lost") == [(str(logs / "a.log"), 0, size, "deleted_while_stopped")]
    assert agent.metric("bytes_lost_total", reason="deleted_while_stopped") == size
    assert_balanced(agent)


def test_a_rotated_file_that_was_read_to_its_end_is_deleted_without_a_word(follower, logs):
    (logs / "a.log").rename(logs / "a.log.1")
    wait_until(lambda: "file was renamed" in follower.log_text(), "the rename to be seen")
    follower.stop()
    (logs / "a.log.1").unlink()
    follower.start()
    follower.stop()
    assert "ERROR" not in follower.log_text()


def test_a_deleted_file_that_nobody_takes_gives_its_disk_space_back_beyond_the_limit(kafka, agent, logs):
    sink = kafka_sink("nobody-made-this-topic")
    agent.configure(pipeline("p", logs / "*.log", sink), brokers=kafka.brokers, deleted_bytes_max="64KiB").start()
    write(logs / "a.log", "a", 5_000)
    size = (logs / "a.log").stat().st_size
    assert size > 64 << 10
    wait_until(lambda: "a.log" in agent.log_text(), "the file to be followed")
    (logs / "a.log").unlink()
    wait_until(lambda: agent.metric("bytes_lost_total", reason="deleted") == size, "the file to be given up")
    assert losses(agent, "lines are lost") == [(str(logs / "a.log"), 0, size, "deleted")]
    wait_until(lambda: not any("a.log" in path for path in agent.open_paths()), "its descriptor to be let go")
    assert_balanced(agent)


def test_a_checkpoint_of_a_missing_file_is_kept_for_its_retention(follower, logs):
    away = logs.parent / "away.log"
    follower.stop()
    (logs / "a.log").rename(away)
    follower.start()
    wait_until(lambda: len(follower.checkpoints()) == 1, "the checkpoint to be kept")
    follower.stop()
    away.rename(logs / "a.log")
    follower.start()
    wait_until(lambda: follower.status()["pipelines"][0]["files"], "the file to be followed")
    assert follower.metric("lines_read_total") == 0, "it goes on where it was"
    follower.stop()
    (logs / "a.log").rename(away)
    config = follower.config.read_text()
    follower.config.write_text(config.replace("[agent]\n", '[agent]\ncheckpoint_retention = "1s"\n'))
    follower.start()
    follower.stop()
    time.sleep(1)
    follower.start()
    wait_until(lambda: not follower.checkpoints(), "the checkpoint to be forgotten")


def test_the_checkpoints_of_a_removed_pipeline_are_kept_for_their_retention(follower, logs, tmp_path):
    kept = follower.config.read_text()
    follower.configure(pipeline("other", logs / "*.txt", {"type": "blackhole"})).reload()
    wait_until(lambda: follower.status()["pipelines"][0]["name"] == "other", "the pipeline to be removed")
    follower.config.write_text(kept)
    follower.reload()
    wait_until(lambda: follower.status()["pipelines"][0]["name"] == "p", "the pipeline to be back")
    assert follower.metric("lines_read_total", pipeline="p") == 3, "the counters go on, and nothing is read again"
    follower.configure(pipeline("other", logs / "*.txt", {"type": "blackhole"}), checkpoint_retention="1s").reload()
    wait_until(lambda: follower.status()["pipelines"][0]["name"] == "other", "the pipeline to be removed")
    time.sleep(1.1)
    follower.reload()
    wait_until(lambda: not follower.checkpoints(), "its checkpoints to be forgotten")
