"""The broker away for a minute while files rotate: memory stays in its budget, checkpoints stand still, then all arrives."""

import os
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume
from support.kafka import Kafka

OUTAGE_SECONDS = int(os.environ.get("VENUS_OUTAGE_SECONDS") or 60)
ROTATIONS = 20
RATE = 10_000
MEMORY_LIMIT = 16 << 20
MEMORY_OF_THE_REST = 48 << 20  # the program, librdkafka and RocksDB themselves


def test_a_minute_without_a_broker_while_files_rotate(agent, logs):
    with Kafka() as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        cluster.create_topic("t", 2)
        agent.configure(
            pipeline("p", [logs / "a.log", logs / "b.log"], kafka_sink("t")),
            brokers=cluster.brokers,
            memory_limit=f"{MEMORY_LIMIT >> 20}MiB",
        ).start()
        lines = RATE * OUTAGE_SECONDS // ROTATIONS
        writers = [
            Writer(logs / "a.log", "a", rate=RATE, rotate_every=lines),
            Writer(logs / "b.log", "b", rate=RATE, rotate_every=lines, rotate="rename-delete"),
        ]
        agent.await_acked("p", 2 * RATE)
        cluster.stop_node()
        time.sleep(3)  # what the broker still took, and the last checkpoint after it
        acked, checkpoints = agent.metric("records_acked_total"), _offsets(agent)

        time.sleep(max(0, OUTAGE_SECONDS - 3))
        assert agent.metric("records_acked_total") == acked
        assert {k: v for k, v in _offsets(agent).items() if k in checkpoints} == checkpoints
        assert agent.metric("in_flight_bytes") <= MEMORY_LIMIT
        assert agent.health() == "degraded"
        peak = agent.peak_rss()

        cluster.start_node()
        written = [writer.stop() for writer in writers]
        assert all(writer.files >= ROTATIONS for writer in written)
        verdict = consume(cluster.brokers, "t", written, timeout=120)
        print(f"\n{OUTAGE_SECONDS} s, {sum(w.files for w in written)} files: peak RSS {peak >> 20} MiB, then {agent.peak_rss() >> 20} MiB")
        assert_perfect(verdict)
        assert max(peak, agent.peak_rss()) <= MEMORY_LIMIT + MEMORY_OF_THE_REST
        agent.stop()


def _offsets(agent):
    return {(c["pipeline"], c["file_id"]): c["offset"] for c in agent.checkpoints()}
