"""What becomes of a cluster while lines are written: it loses a broker, changes leaders, loses a topic."""

import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, write
from support.kafka import Kafka
from support.wait import wait_until


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_losing_one_of_three_brokers(new_agent, logs, kill):
    with Kafka(nodes=3) as cluster:
        if not cluster.ours:
            pytest.skip("needs a cluster of its own")
        cluster.create_topic("t", 6, 3)
        agent = new_agent()
        agent.configure(pipeline("p", logs / "*.log", kafka_sink("t")), brokers=cluster.brokers).start()
        writers = [Writer(logs / f"{w}.log", w, rate=500) for w in ("a", "b", "c", "d", "e", "f")]
        agent.await_acked("p", 5_000, timeout=150)
        cluster.stop_node(2, kill=kill)
        gone = agent.metric("records_acked_total")
        wait_until(lambda: agent.metric("records_acked_total") > gone + 15_000, "delivery to go on", timeout=150)
        cluster.start_node(2)
        back = agent.metric("records_acked_total")
        wait_until(lambda: agent.metric("records_acked_total") > back + 15_000, "delivery to go on", timeout=150)
        written = [writer.stop() for writer in writers]
        assert_perfect(consume(cluster.brokers, "t", written, timeout=150))
        agent.stop()


@pytest.fixture(scope="module")
def pair():
    with Kafka(nodes=2) as cluster:
        if not cluster.ours:
            pytest.skip("needs a cluster of its own")
        yield cluster


def _to_another_broker(cluster, topic, node):
    cluster.place_topic(topic, 2, node)  # the old leader keeps nothing of it


def _to_another_replica(cluster, topic, node):
    cluster.elect_leader(topic, node)


@pytest.mark.parametrize("lead, replicas", [(_to_another_broker, 1), (_to_another_replica, 2)])
def test_a_leader_that_changes(pair, new_agent, logs, lead, replicas):
    topic = f"t{replicas}"
    pair.create_topic(topic, 2, replicas, min_insync_replicas=1)
    agent = new_agent()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(topic)), brokers=pair.brokers).start()
    writers = [Writer(logs / f"{w}.log", w, rate=1_000) for w in ("a", "b", "c")]
    agent.await_acked("p", 3_000, timeout=60)
    for node in (1, 2, 1):
        lead(pair, topic, node)
        agent.await_acked("p", agent.metric("records_acked_total") + 3_000)
    written = [writer.stop() for writer in writers]
    assert_perfect(consume(pair.brokers, topic, written))
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    agent.stop()


def test_a_topic_that_is_deleted_and_made_again_loses_only_what_it_held(kafka, topic, agent, logs):
    name, other = topic(2), topic()
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name)),
        pipeline("q", logs / "*.log", kafka_sink(other)),
        brokers=kafka.brokers,
    ).start()
    before = write(logs / "a.log", "before", 2_000)
    assert_perfect(consume(kafka.brokers, name, [before]))
    agent.await_acked("p", 2_000)
    kafka.delete_topic(name)
    time.sleep(1)  # what it still takes goes with it
    writers = [Writer(logs / f"{w}.log", w, rate=1_000) for w in ("a", "b", "c")]
    wait_until(lambda: "pipeline p" in agent.reasons(), "status to be degraded")
    assert name in agent.reasons() and "pipeline q" not in agent.reasons()
    agent.await_acked("q", agent.metric("records_acked_total", pipeline="q") + 3_000)
    kafka.create_topic(name, 1)  # fewer partitions than it had
    agent.await_acked("p", agent.metric("records_acked_total", pipeline="p") + 3_000)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    written = [writer.stop() for writer in writers]
    assert_perfect(consume(kafka.brokers, name, written))
    assert_perfect(consume(kafka.brokers, other, [before, *written]))
    agent.stop()
