"""A cluster of three that loses a broker: nobody notices, but for the log."""

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume
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
        writers = [Writer(logs / f"{w}.log", w, rate=3_000) for w in ("a", "b", "c", "d", "e", "f")]
        agent.await_acked("p", 20_000)
        cluster.stop_node(2, kill=kill)
        gone = agent.metric("records_acked_total")
        wait_until(lambda: agent.metric("records_acked_total") > gone + 100_000, "delivery to go on", timeout=60)
        cluster.start_node(2)
        back = agent.metric("records_acked_total")
        wait_until(lambda: agent.metric("records_acked_total") > back + 50_000, "delivery to go on", timeout=60)
        written = [writer.stop() for writer in writers]
        assert_perfect(consume(cluster.brokers, "t", written, timeout=90))
        agent.stop()
