"""Trouble that is there at the start, or goes away by itself: nothing is lost, and it is said once."""

import os

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import assert_perfect, consume, write
from support.kafka import Kafka
from support.wait import wait_until


def _store_files(agent, prefix):
    found = [p for p in agent.data_dir.rglob("*") if p.is_file() and p.name.startswith(prefix)]
    assert found, f"no {prefix}* under {list(agent.data_dir.rglob('*'))}"
    return found


def _cut_current(agent):
    for path in _store_files(agent, "CURRENT"):
        os.truncate(path, 3)


def _flip_manifest(agent):
    for path in _store_files(agent, "MANIFEST"):
        path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))


def _remove_tables(agent):
    for path in _store_files(agent, ""):
        if path.suffix in (".sst", ".log"):
            path.write_bytes(b"\0" * 100)
            break


def _replace_by_rubbish(agent):
    for path in _store_files(agent, ""):
        path.write_bytes(b"rubbish")


@pytest.mark.parametrize("damage", [_cut_current, _flip_manifest, _remove_tables, _replace_by_rubbish])
def test_a_damaged_checkpoint_store_costs_duplicates_at_most(kafka, topic, agent, logs, damage):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    first = write(logs / "a.log", "a", 3_000)
    agent.await_acked("p", 3_000)
    agent.stop()
    damage(agent)
    second = write(logs / "a.log", "b", 1_000)
    agent.start()
    verdict = consume(kafka.brokers, name, [first, second], allow_duplicates=3_000, allow_reorder=True)
    assert verdict["passed"] and verdict["missing"] == 0, verdict
    agent.stop()
    third = write(logs / "a.log", "c", 1_000)  # and from here on there is a good store again
    agent.start()
    again = consume(kafka.brokers, name, [first, second, third], allow_duplicates=3_000, allow_reorder=True)
    assert again["passed"] and again["duplicate"] == verdict["duplicate"], again


def test_a_missing_topic_is_said_once_and_heals_by_itself(kafka, topic, agent, logs):
    healthy, missing = topic(), "made-later"
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(missing)),
        pipeline("q", logs / "*.log", kafka_sink(healthy)),
        brokers=kafka.brokers,
    ).start()
    writer = write(logs / "a.log", "a", 2_000)
    wait_until(lambda: agent.health() == "degraded", "status to be degraded")
    assert_perfect(consume(kafka.brokers, healthy, [writer]))  # one pipeline's trouble is its own
    warnings = [line for line in agent.log_text().lower().splitlines() if missing in line and ("warn" in line or "error" in line)]
    assert 1 <= len(warnings) <= 3, warnings
    kafka.create_topic(missing)
    assert_perfect(consume(kafka.brokers, missing, [writer], timeout=90))
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")


def test_a_broker_that_comes_up_after_the_agent(agent, logs):
    with Kafka() as late:
        if not late.ours:
            pytest.skip("needs a broker of its own")
        late.create_topic("t")
        late.stop_node()
        agent.configure(pipeline("p", logs / "*.log", kafka_sink("t")), brokers=late.brokers).start()
        writer = write(logs / "a.log", "a", 2_000)
        wait_until(lambda: agent.health() == "degraded", "status to be degraded")
        late.start_node()
        assert_perfect(consume(late.brokers, "t", [writer], timeout=90))
        wait_until(lambda: agent.health() == "healthy", "status to be healthy")
        agent.stop()


def test_the_agent_ends_in_time_with_its_broker_gone_and_goes_on_later(agent, logs):
    with Kafka() as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        cluster.create_topic("t")
        agent.configure(
            pipeline("p", logs / "*.log", kafka_sink("t")), brokers=cluster.brokers, shutdown_timeout="2s"
        ).start()
        first = write(logs / "a.log", "a", 2_000)
        agent.await_acked("p", 2_000)
        cluster.stop_node()
        second = write(logs / "a.log", "b", 2_000)
        # One batch is in flight; what is written after it was sealed waits in the file.
        wait_until(lambda: agent.metric("lines_read_total") > 2_000, "some lines to be in flight")
        agent.stop(timeout=10)
        cluster.start_node()
        agent.start()
        assert_perfect(consume(cluster.brokers, "t", [first, second]))
        agent.stop()
