"""Where records go, and what they look like there."""

import json
import os

from support.agent import kafka_sink, pipeline
from support.judge import assert_perfect, consume, verify, write
from support.wait import wait_until


def test_the_file_sink_writes_each_line_once(agent, logs, tmp_path):
    out = tmp_path / "out" / "all.log"
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out)})).start()
    writers = [write(logs / f"{w}.log", w, 50_000, lines_per_write=50) for w in ("a", "b")]
    agent.await_acked("p", 100_000)
    agent.stop()
    assert_perfect(verify([out], writers))


def test_the_file_sink_survives_restarts(agent, logs, tmp_path):
    out = tmp_path / "all.log"
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out)}))
    writers = []
    for number in range(3):
        agent.start()
        writers.append(write(logs / "a.log", f"w{number}", 2_000))
        agent.await_acked("p", 2_000)
        agent.stop()
    assert_perfect(verify([out], writers))


def test_the_console_sink_prints_the_lines(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "console"})).start()
    (logs / "a.log").write_text("hello\nworld\n")
    wait_until(lambda: {"hello", "world"} <= set(agent.log_text().splitlines()), "the lines on stdout")


def test_the_blackhole_acknowledges_everything(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"})).start()
    write(logs / "a.log", "a", 100_000, lines_per_write=100)
    agent.await_acked("p", 100_000)


def test_json_records_carry_where_they_come_from(kafka, topic, agent, logs):
    name = topic()
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name, encoding="json")), brokers=kafka.brokers, name="web-01"
    ).start()
    (logs / "a.log").write_bytes(b'say "hi"\n' + "grüße".encode() + b"\n\xff\n")
    records = [json.loads(r["payload"]) for r in kafka.records(name, 3)]
    assert [r["line"] for r in records] == ['say "hi"', "grüße", "\ufffd"]
    assert [r["offset"] for r in records] == [0, 9, 17]
    assert {r["host"] for r in records} == {"web-01"}
    assert {r["path"] for r in records} == {str(logs / "a.log")}
    assert {r["pipeline"] for r in records} == {"p"}
    assert all(r["time"] and r["fields"] == {} for r in records)


def test_json_records_are_complete_too(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name, encoding="json")), brokers=kafka.brokers).start()
    writer = write(logs / "a.log", "a", 20_000, lines_per_write=50)
    assert_perfect(consume(kafka.brokers, name, [writer], unwrap=True))


def test_headers_say_where_a_record_comes_from(kafka, topic, agent, logs):
    name = topic()
    headers = ["host", "path", "pipeline", "ledger", "time"]
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name, headers=headers)), brokers=kafka.brokers, name="web-01"
    ).start()
    (logs / "a.log").write_bytes(b"one\ntwo\r\n")
    first, second = kafka.records(name, 2)
    assert (first["payload"], second["payload"]) == ("one", "two")
    expected = {"host": "web-01", "path": str(logs / "a.log"), "pipeline": "p"}
    assert expected.items() <= first["headers"].items()
    assert [(r["headers"]["offset"], r["headers"]["end"]) for r in (first, second)] == [("0", "4"), ("4", "9")]
    assert first["headers"]["file_id"] == second["headers"]["file_id"] != ""
    assert first["headers"]["session"] == second["headers"]["session"] != ""
    assert first["headers"]["time"]


def test_partition_file_keeps_a_file_in_one_partition(kafka, topic, agent, logs):
    name = topic(4)
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    for number in range(12):
        (logs / f"{number}.log").write_text(f"{number}\n" * 20)
    records = kafka.records(name, 240)
    partitions = {n: {r["partition"] for r in records if r["payload"] == str(n)} for n in range(12)}
    assert all(len(used) == 1 for used in partitions.values()), partitions
    assert len(set.union(*partitions.values())) > 1


def test_partition_sticky_loses_nothing(kafka, topic, agent, logs):
    name = topic(4)
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name, partition="sticky")), brokers=kafka.brokers).start()
    writer = write(logs / "a.log", "a", 300_000, lines_per_write=100)
    verdict = consume(kafka.brokers, name, [writer], allow_reorder=True)
    assert_perfect(verdict)


def test_partition_key_puts_equal_keys_together(kafka, topic, agent, logs):
    name = topic(4)
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name, partition="key", key="{path.stem}")), brokers=kafka.brokers
    ).start()
    for number in range(8):
        (logs / f"{number}.log").write_text(f"{number}\n" * 5)
    records = kafka.records(name, 40)
    assert all(r["key"] == r["payload"] for r in records)
    assert len({(r["key"], r["partition"]) for r in records}) == 8


def test_topics_are_filled_from_labels_and_path(kafka, topic, agent, logs):
    prefix = topic()
    writers = {stem: write(logs / f"{stem}.log", stem, 500) for stem in ("web", "api")}
    for stem in writers:
        kafka.create_topic(f"{prefix}-bj1-{stem}")
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(prefix + "-{labels.idc}-{path.stem}")),
        brokers=kafka.brokers,
        labels={"idc": "bj1"},
    ).start()
    for stem, writer in writers.items():
        assert_perfect(consume(kafka.brokers, f"{prefix}-bj1-{stem}", [writer]))


def test_compressed_records_arrive_as_they_were(kafka, topic, agent, logs):
    writer = write(logs / "a.log", "a", 50_000, lines_per_write=100)
    for codec in ("lz4", "zstd", "gzip", "snappy"):
        name = topic()
        agent.data_dir = agent.folder / codec
        agent.configure(
            pipeline("p", logs / "*.log", kafka_sink(name)),
            brokers=kafka.brokers,
            properties={"compression.type": codec},
        ).start()
        assert_perfect(consume(kafka.brokers, name, [writer], settle=0.2))
        agent.stop()


def test_the_file_sink_can_write_json(agent, logs, tmp_path):
    out = tmp_path / "all.json"
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out), "encoding": "json"})).start()
    (logs / "a.log").write_text("hello\n")
    agent.await_acked("p", 1)
    agent.stop()
    record = json.loads(out.read_text())
    assert record["line"] == "hello" and record["path"] == os.fspath(logs / "a.log")
