"""A network that is cut, slow, lossy or silent, between the agent and its broker: nothing is lost.

What comes twice without a crash: what was in flight when an idempotent producer turned fatal, or when a drain gave up.
"""

import re
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, write
from support.kafka import Kafka
from support.proxy import Forger, Proxy
from support.wait import wait_until

RATE = 2_000
SHUTDOWN_SECONDS = 2
DELETED_BYTES_MAX = 64 << 10
OUT_OF_ORDER_SEQUENCE = 45  # Kafka's number for what ends an idempotent producer


@pytest.fixture(scope="module")
def far_away():
    """A broker to which a proxy is the only way that it tells; brokers are also reached directly, by the judge."""
    proxy, forger = Proxy(), Forger()
    with Kafka(listeners=[f"FAR:PLAINTEXT@{proxy.address}", f"FORGED:PLAINTEXT@{forger.address}"]) as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        proxy.target, forger.target = cluster.address(listener="FAR"), cluster.address(listener="FORGED")
        yield cluster, proxy, forger
    proxy.close()
    forger.close()


@pytest.fixture
def cluster(far_away):
    return far_away[0]


@pytest.fixture
def network(far_away):
    yield far_away[1]
    far_away[1].mend()


@pytest.fixture
def forger(far_away):
    return far_away[2]


@pytest.fixture
def delivering(cluster, network, agent, logs, request):
    """The topic of an agent that delivers, and the writer."""
    return _deliver(cluster, network.address, agent, logs, request)


@pytest.fixture
def delivering_by_forger(cluster, forger, agent, logs, request):
    return _deliver(cluster, forger.address, agent, logs, request)


def _deliver(cluster, brokers, agent, logs, request):
    topic = re.sub(r"\W", "-", request.node.name)
    cluster.create_topic(topic, 2)
    agent.configure(
        pipeline("p", logs / "a.log*", kafka_sink(topic)),
        brokers=brokers,
        properties={"reconnect.backoff.max.ms": "500"},  # ten seconds by default
        shutdown_timeout=f"{SHUTDOWN_SECONDS}s",
    ).start()
    writer = Writer(logs / "a.log", "a", rate=RATE, rotate_every=3 * RATE)
    agent.await_acked("p", RATE)
    return topic, writer


def assert_nothing_is_lost(cluster, agent, topic, writer):
    """Once each, but for what was in flight when the agent says that it had to replace its producer."""
    in_flight = sum(map(int, re.findall(r"producer failed for good.*records_in_flight=(\d+)", agent.log_text())))
    verdict = consume(cluster.brokers, topic, [writer.stop()], allow_duplicates=in_flight, allow_reorder=True)
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0 and verdict["duplicate"] <= in_flight, verdict
    assert in_flight > 0 or verdict["out_of_order"] == 0, verdict


def test_a_cut_is_survived(cluster, network, agent, delivering):
    for seconds in (0.2, 5):
        network.cut()
        if seconds > 1:
            wait_until(lambda: agent.health() == "degraded", "status to be degraded")
            assert "cluster main unreachable" in agent.reasons()
        time.sleep(seconds)
        network.mend()
        agent.await_acked("p", agent.metric("records_acked_total") + 2 * RATE)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    assert_nothing_is_lost(cluster, agent, *delivering)
    agent.stop()


def test_a_slow_network_only_takes_its_time(cluster, network, agent, delivering):
    topic, writer = delivering
    network.delay = 0.2
    agent.await_acked("p", agent.metric("records_acked_total") + 3 * RATE)
    assert agent.health() == "healthy"
    writer.stop()
    agent.await_acked("p", writer.lines)
    agent.stop()
    assert_perfect(consume(cluster.brokers, topic, [writer]))


def test_a_lossy_network_loses_no_line(cluster, network, agent, delivering):
    cuts = network.cuts
    network.cut_chance, network.stall_chance = 0.02, 0.05
    wait_until(lambda: network.cuts >= cuts + 3, "connections to be lost", timeout=60)
    agent.await_acked("p", agent.metric("records_acked_total") + RATE, timeout=120)
    network.mend()
    assert_nothing_is_lost(cluster, agent, *delivering)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    agent.stop()


def test_a_broker_that_takes_connections_and_never_answers(cluster, network, agent, delivering):
    network.silence()
    wait_until(lambda: agent.health() == "degraded", "status to be degraded")
    assert "cluster main unreachable" in agent.reasons() and "imed out" in agent.reasons()
    acked = agent.metric("records_acked_total")
    time.sleep(3)
    assert agent.metric("records_acked_total") == acked
    network.mend()
    wait_until(lambda: agent.health() == "healthy", "status to be healthy", timeout=60)
    assert_nothing_is_lost(cluster, agent, *delivering)
    agent.stop()


def test_a_producer_that_fails_for_good_has_what_was_in_flight_read_again(cluster, forger, agent, delivering_by_forger):
    for n in (1, 2):
        forger.error = OUT_OF_ORDER_SEQUENCE
        wait_until(lambda: agent.log_text().count("producer failed for good") == n, "the producer to be replaced")
        agent.await_acked("p", agent.metric("records_acked_total") + 2 * RATE)
    assert agent.metric("records_failed_total", reason="rewound") > 0
    assert_nothing_is_lost(cluster, agent, *delivering_by_forger)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    agent.stop()


def test_a_deleted_file_that_is_given_up_with_records_in_flight_gives_its_space_back_at_once(
    cluster, network, agent, logs
):
    cluster.create_topic("given-up")
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink("given-up")),
        brokers=network.address,
        deleted_bytes_max=f"{DELETED_BYTES_MAX}B",
    ).start()
    before = write(logs / "a.log", "a", 100)
    agent.await_acked("p", 100)
    network.silence()
    write(logs / "b.log", "b", 20_000)
    wait_until(lambda: agent.metric("in_flight_bytes") > 0, "some lines to be in flight")
    (logs / "b.log").unlink()
    wait_until(lambda: agent.metric("bytes_lost_total", reason="deleted") > 0, "the file to be given up")
    assert not any("b.log" in path for path in agent.open_paths())
    assert agent.metric("in_flight_bytes") > 0
    network.mend()
    wait_until(lambda: agent.metric("in_flight_bytes") == 0, "what was in flight to come back")
    books = agent.status()["pipelines"][0]["bytes"]
    assert books["seen"] == books["acked"] + sum(books["lost"].values()), books
    verdict = consume(cluster.brokers, "given-up", [before], allow_duplicates=0)
    assert verdict["missing"] == 0 and verdict["duplicate"] == 0, verdict
    agent.stop()


@pytest.mark.parametrize("trouble", ["cut", "silence"])
def test_sigterm_ends_the_agent_in_time_whatever_the_network_does(cluster, network, agent, delivering, trouble):
    topic, writer = delivering
    getattr(network, trouble)()
    time.sleep(1)  # what was acknowledged has come back
    wait_until(lambda: agent.metric("in_flight_bytes") > 0, "some lines to be in flight")
    in_flight = int(agent.metric("records_sent_total") - agent.metric("records_acked_total"))
    for _ in range(2):
        begin = time.monotonic()
        agent.stop(timeout=SHUTDOWN_SECONDS + 30)
        assert "agent has stopped" in agent.log_tail(1) and "agent is stuck" not in agent.log_text()
        print(f"ended after {time.monotonic() - begin:.1f} s with {in_flight} records in flight")
        agent.start()
    network.mend()
    # The broker may have taken what was in flight when the drain gave up: the next start sends it again.
    verdict = consume(cluster.brokers, topic, [writer.stop()], allow_duplicates=in_flight, allow_reorder=True)
    assert verdict["missing"] == 0 and verdict["duplicate"] <= in_flight, verdict
    agent.stop()
