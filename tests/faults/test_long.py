"""What takes too long for every change; only with --long. VENUS_SEED repeats a run's instants."""

import os
import statistics
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.instants import random_instants
from support.judge import Writer, assert_perfect, consume
from support.kafka import Kafka
from support.wait import wait_until

pytestmark = pytest.mark.long

LINE_BYTES = 200
KILLS = 200
KILLS_BETWEEN_BROKER_RESTARTS = 20
OUTAGE_SECONDS = int(os.environ.get("VENUS_LONG_OUTAGE_SECONDS") or 600)
OUTAGE_RATE = 5_000
ROTATE_SECONDS = 5
GROWTH_BYTES_MAX = 8 << 20  # of an outage's last minute over its second one


@pytest.fixture
def cluster():
    with Kafka() as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        cluster.create_topic("t", 3)
        yield cluster


def test_two_hundred_kills_with_a_broker_that_restarts_lose_nothing(cluster, agent, logs):
    instants = random_instants()
    agent.configure(
        pipeline("p", logs / "*.log*", kafka_sink("t")), brokers=cluster.brokers, memory_limit="8MiB"
    )
    writers = [
        Writer(logs / f"{w}.log", w, rate=2_500, rotate_every=every, size=LINE_BYTES, torn=True)
        for w, every in (("a", 20_000), ("b", 33_333), ("c", 50_000))
    ]
    unfinished = restarts = 0
    for kill in range(KILLS):
        agent.start(wait=False)
        if kill % KILLS_BETWEEN_BROKER_RESTARTS == KILLS_BETWEEN_BROKER_RESTARTS // 2:
            time.sleep(instants.uniform(0.05, 1))
            cluster.stop_node(kill=restarts % 2 == 1)
            time.sleep(instants.uniform(0.05, 2))
            cluster.start_node()
            restarts += 1
        time.sleep(instants.uniform(0.05, 2))
        agent.kill()
        unfinished += agent.bytes_repeated_max(logs)
    agent.start()
    written = [writer.stop() for writer in writers]
    # What was read but not checkpointed lies beyond the checkpoints: nothing else may come twice.
    bound = unfinished // (LINE_BYTES + 1)
    verdict = consume(cluster.brokers, "t", written, timeout=300, settle=5, allow_duplicates=bound, allow_reorder=True)
    lines, files = sum(w.lines for w in written), sum(w.files for w in written)
    print(f"{lines} lines in {files} files, {KILLS} kills, {restarts} restarts of the broker: "
          f"{verdict['duplicate']} duplicates (at most {bound})")  # fmt: skip
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0 and verdict["out_of_order"] == 0, verdict
    assert verdict["duplicate"] <= bound
    agent.stop()


def test_memory_stays_flat_in_ten_minutes_without_a_broker(cluster, agent, logs):
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink("t")), brokers=cluster.brokers).start()
    writer = Writer(logs / "a.log", "a", rate=OUTAGE_RATE, rotate_every=OUTAGE_RATE * ROTATE_SECONDS)
    agent.await_acked("p", 2 * OUTAGE_RATE)
    cluster.stop_node()
    begin, samples = time.monotonic(), []
    while time.monotonic() < begin + OUTAGE_SECONDS:
        time.sleep(1)
        samples.append(agent.rss())
    assert agent.health() == "degraded"
    minute = len(samples) // 10
    early, late = statistics.median(samples[minute : 2 * minute]), statistics.median(samples[-minute:])
    print(f"\nresident MiB: {early / 2**20:.1f} early, {late / 2**20:.1f} late, {max(samples) / 2**20:.1f} at most")
    assert late - early <= GROWTH_BYTES_MAX

    cluster.start_node()
    back = time.monotonic()
    writer.stop()
    wait_until(lambda: agent.metric("file_lag_bytes") == 0, "the agent to catch up", timeout=300)
    print(f"{writer.lines} lines in {writer.files} files caught up after {time.monotonic() - back:.0f} s; "
          f"resident {agent.rss() / 2**20:.1f} MiB, {agent.peak_rss() / 2**20:.1f} at most")  # fmt: skip
    assert writer.files >= OUTAGE_SECONDS // ROTATE_SECONDS
    assert_perfect(consume(cluster.brokers, "t", [writer], timeout=300))
    agent.stop()
