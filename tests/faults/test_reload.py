"""SIGHUP while lines are written: what it changes goes on where it was, and what it does not change never notices."""

import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, write
from support.wait import stays, wait_until

RELOADS = 200


@pytest.fixture
def brokers(kafka):
    return kafka.brokers


def reload_to(agent, *pipelines, brokers):
    agent.configure(*pipelines, brokers=brokers)
    agent.reload()


def starts_of(agent, name):
    return agent.log_text().count(f"pipeline starts pipeline={name}\n")


def test_globs_that_widen_and_narrow_lose_and_repeat_nothing(agent, brokers, topic, logs):
    name = topic()
    (logs / "app").mkdir()
    narrow = pipeline("p", logs / "app" / "a.log*", kafka_sink(name))
    wide = pipeline("p", logs / "**" / "*.log*", kafka_sink(name))
    agent.configure(narrow, brokers=brokers).start()
    writers = [Writer(logs / "app" / "a.log", "a", rate=2_000, rotate_every=3_000),
               Writer(logs / "app" / "b.log", "b", rate=2_000), Writer(logs / "c.log", "c", rate=2_000)]  # fmt: skip
    agent.await_acked("p", 1_000)
    assert agent.metric("files_open") < 3
    for n, (config, opens) in enumerate([(wide, True), (narrow, False), (wide, True)], start=2):
        reload_to(agent, config, brokers=brokers)
        wait_until(lambda: starts_of(agent, "p") == n, "the pipeline to start again")
        followed = lambda: {file["path"] for file in agent.status()["pipelines"][0]["files"]}  # noqa: E731
        wait_until(lambda: (str(logs / "c.log") in followed()) == opens, "its files to be others")
        agent.await_acked("p", agent.metric("records_acked_total") + 2_000)
    assert_perfect(consume(brokers, name, [writer.stop() for writer in writers]))
    agent.stop()


def test_a_topic_that_changes_takes_over_where_the_other_one_ended(agent, kafka, brokers, topic, logs):
    topics = [topic(), topic()]
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(topics[0])), brokers=brokers).start()
    writer = Writer(logs / "a.log", "a", rate=5_000, rotate_every=7_000)
    for n in range(1, 7):
        agent.await_acked("p", agent.metric("records_acked_total") + 2_500)
        reload_to(agent, pipeline("p", logs / "a.log*", kafka_sink(topics[n % 2])), brokers=brokers)
        wait_until(lambda: starts_of(agent, "p") == n + 1, "the pipeline to start again")
    writer.stop()
    agent.await_acked("p", writer.lines)
    agent.stop()
    for each in topics:
        assert len(kafka.records(each, 2_500)) == 2_500
    verdict = consume(brokers, topics, [writer], allow_reorder=True)  # two topics have no order
    assert verdict["missing"] == 0 and verdict["duplicate"] == 0 and verdict["corrupt"] == 0, verdict


def test_a_reload_takes_over_the_deleted_files_that_are_still_being_read(agent, kafka, brokers, topic, logs):
    name = topic()
    stuck = pipeline("p", logs / "a.log*", kafka_sink("nobody-made-this-topic"))
    agent.configure(stuck, brokers=brokers).start()
    writers = [write(logs / "a.log", "a", 1_000)]
    wait_until(lambda: agent.metric("files_open") == 1, "the file to be followed")
    (logs / "a.log").unlink()
    writers.append(write(logs / "a.log", "b", 1_000))
    wait_until(lambda: agent.metric("files_open") == 2, "the next file to be followed")
    reload_to(agent, pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=brokers)
    agent.await_acked("p", 2_000)
    agent.stop()
    assert_perfect(consume(brokers, name, writers))
    assert "ERROR" not in agent.log_text()


def test_a_reload_takes_over_files_that_were_moved_out_of_sight(agent, kafka, brokers, topic, logs, tmp_path):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink("nobody-made-this-topic")), brokers=brokers).start()
    writers = [write(logs / "a.log", "a", 1_000)]
    wait_until(lambda: agent.metric("files_open") == 1, "the file to be followed")
    (logs / "a.log").rename(tmp_path / "away")
    wait_until(lambda: "file is gone" in agent.log_text(), "the agent to see it")
    reload_to(agent, pipeline("p", logs / "*.log", kafka_sink(name)), brokers=brokers)
    agent.await_acked("p", 1_000)
    agent.stop()
    assert_perfect(consume(brokers, name, writers))
    assert "ERROR" not in agent.log_text()


def test_a_deleted_file_whose_pipeline_is_removed_is_lost_and_told_once(agent, brokers, logs):
    other = pipeline("other", logs / "*.txt", {"type": "blackhole"})
    stuck = pipeline("p", logs / "a.log", kafka_sink("nobody-made-this-topic"))
    agent.configure(stuck, other, brokers=brokers).start()
    write(logs / "a.log", "a", 1_000)
    size = (logs / "a.log").stat().st_size
    wait_until(lambda: agent.metric("files_open") == 1, "the file to be followed")
    (logs / "a.log").unlink()
    wait_until(lambda: "file is gone" in agent.log_text(), "the agent to see it")
    reload_to(agent, other, brokers=brokers)
    wait_until(lambda: agent.metric("bytes_lost_total", reason="deleted") == size, "the loss to be told")
    reload_to(agent, stuck, other, brokers=brokers)
    wait_until(lambda: starts_of(agent, "p") == 2, "the pipeline to start again")
    agent.stop()
    assert agent.log_text().count("lines are lost") == 1


def test_a_pipeline_that_is_removed_and_put_back_while_its_files_rotate(agent, brokers, topic, logs):
    name = topic()
    other = pipeline("other", logs / "*.txt", {"type": "blackhole"})
    mine = pipeline("p", logs / "a.log*", kafka_sink(name))
    agent.configure(mine, other, brokers=brokers).start()
    writer = Writer(logs / "a.log", "a", rate=5_000, rotate_every=2_000)
    for n in range(2, 5):
        agent.await_acked("p", agent.metric("records_acked_total") + 2_500)
        reload_to(agent, other, brokers=brokers)
        wait_until(lambda: agent.metric("files_open", pipeline="p") == 0, "the pipeline to go")
        acked = agent.metric("records_acked_total", pipeline="p")
        stays(lambda: agent.metric("records_acked_total", pipeline="p") == acked, "nothing is delivered", seconds=1)
        reload_to(agent, mine, other, brokers=brokers)
        wait_until(lambda: starts_of(agent, "p") == n, "the pipeline to start again")
    assert_perfect(consume(brokers, name, [writer.stop()]))
    agent.stop()


def test_two_hundred_reloads_pass_an_unchanged_pipeline_by(agent, kafka, brokers, topic, logs):
    kept, changed = topic(), topic(3)

    def pipelines(n):
        return (pipeline("kept", logs / "a.log*", kafka_sink(kept)),
                pipeline("changed", logs / "b.log*", kafka_sink(changed), max_line_bytes=f"{10_000 + n}B"))  # fmt: skip

    agent.configure(*pipelines(0), brokers=brokers).start()
    writers = [Writer(logs / f"{w}.log", w, rate=3_000, rotate_every=10_000) for w in "ab"]
    for n in range(1, RELOADS + 1):
        if n % 20 == 0:
            acked = agent.metric("records_acked_total", pipeline="kept")
            wait_until(lambda: agent.metric("records_acked_total", pipeline="kept") > acked, "delivery to go on")
        starts = starts_of(agent, "changed")
        reload_to(agent, *pipelines(n), brokers=brokers)
        if n % 4 == 0:
            wait_until(lambda: starts_of(agent, "changed") > starts, "the changed pipeline to start again")
        else:
            time.sleep(0.03)  # the next reload meets this one
    a, b = [writer.stop() for writer in writers]
    assert_perfect(consume(brokers, kept, [a]))
    assert_perfect(consume(brokers, changed, [b]))
    print(f"\n{starts_of(agent, 'changed')} starts of the changed pipeline in {RELOADS} reloads")
    assert starts_of(agent, "changed") > RELOADS // 4
    assert starts_of(agent, "kept") == 1
    assert agent.log_text().count("file is followed pipeline=kept") == a.files
    assert agent.metric("records_failed_total", pipeline="kept") == 0
    agent.stop()
