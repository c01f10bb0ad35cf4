"""Topic, key and headers out of fields: every record where it says, each key in its partition, in order, none missing."""

import itertools
import json
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.wait import stays, wait_until

LEVELS = ("info", "warn", "error")
PARTITIONS = 4
USERS = 23
ODD = ['{{"n":{n},"level":"a b","user":"odd"}}', '{{"n":{n},"user":"none"}}', '{{"n":{n},"level":""}}', "{n} is no JSON"]

_numbers = itertools.count(1)


def murmur2(data):
    """Java's, of org.apache.kafka.common.utils.Utils."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        h = h * m & mask ^ (k ^ k >> 24) * m & mask
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@pytest.fixture
def routed(kafka):
    """Makes topics PREFIX-info and so on, and those that are named; the prefix."""

    def make(*levels, partitions=PARTITIONS):
        prefix = f"r{next(_numbers)}"
        for level in levels:
            kafka.create_topic(f"{prefix}-{level}", partitions)
        return prefix

    return make


def routing(logs, prefix, sink=(), **source):
    sink = kafka_sink(
        prefix + "-{fields.level}", fallback_topic=f"{prefix}-odd", partition="key", key="{fields.user}", **dict(sink)
    )
    return {**pipeline("p", logs / "*.json", sink, **source), "processors": [{"type": "parse", "format": "json"}]}


def line(n, level=None):
    return f'{{"n":{n},"level":"{level or LEVELS[n % 7 % 3]}","user":"user-{n * 7 % USERS}"}}'


def append(path, lines):
    with open(path, "a") as file:
        file.write("".join(one + "\n" for one in lines))


def numbers(records):
    return [json.loads(record["payload"])["n"] for record in records]


def in_order_by_partition(records):
    """Whether what arrived for the first time did so in the file's order, in each partition."""
    last = {}
    seen = set()
    for record, n in zip(records, numbers(records)):
        if n in seen:
            continue
        seen.add(n)
        if n < last.get(record["partition"], -1):
            return False
        last[record["partition"]] = n
    return True


def test_murmur2_is_javas():
    known = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536}
    assert {text: murmur2(text.encode()) for text in known} == {text: n % 2**32 for text, n in known.items()}


def test_records_go_where_their_fields_say(kafka, routed, agent, logs):
    prefix = routed(*LEVELS, "odd")
    count = 30_000
    sink = {"headers": ["host"], "header_templates": {"level": "{fields.level}", "who": "{fields.user} of {host}", "app": "a"}}
    agent.configure(routing(logs, prefix, sink), brokers=kafka.brokers, name="h").start()
    for begin in range(0, count, 3_000):
        append(logs / "a.json", [line(n) for n in range(begin, begin + 3_000)] + [odd.format(n=begin) for odd in ODD])
    odd_count = count // 3_000 * len(ODD)
    agent.await_acked("p", count + odd_count)
    for level in LEVELS:
        expected = [n for n in range(count) if LEVELS[n % 7 % 3] == level]
        records = kafka.everything(f"{prefix}-{level}")
        assert sorted(numbers(records)) == expected, "each once"
        assert in_order_by_partition(records)
        for record in records:
            user = json.loads(record["payload"])["user"]
            assert record["key"] == user
            assert record["partition"] == (murmur2(user.encode()) & 0x7FFFFFFF) % PARTITIONS
            assert record["headers"] == {"host": "h", "level": level, "who": f"{user} of h", "app": "a"}
    odd = kafka.everything(f"{prefix}-odd")
    assert len(odd) == odd_count
    (bare,) = {json.dumps(record["headers"]) for record in odd if record["payload"].endswith('"user":"none"}')}
    assert json.loads(bare) == {"host": "h", "who": "none of h", "app": "a"}, "what comes out empty is left out"
    assert all(record["key"] is None for record in odd if "no JSON" in record["payload"])
    reasons = {"missing_field": 3, "invalid_topic": 1, "topics_max": 0}
    for reason, odds in reasons.items():
        assert agent.metric("records_fallback_total", reason=reason) == odds * count // 3_000
    assert "records go to the fallback topic" in agent.log_text() and "a b" not in agent.log_text()
    books = agent.books("p")
    assert books["failed"] == 0 and books["acked"] == books["read"], books
    agent.stop()


@pytest.mark.parametrize("partition", ["file", "sticky"])
def test_without_a_key_each_topic_has_its_partitions(kafka, routed, agent, logs, partition):
    prefix = routed(*LEVELS, "odd")
    table = routing(logs, prefix)
    table["sink"].update(partition=partition, key="")
    agent.configure(table, brokers=kafka.brokers).start()
    count = 3_000
    append(logs / "a.json", map(line, range(count)))
    agent.await_acked("p", count)
    arrived = []
    for level in LEVELS:
        records = kafka.everything(f"{prefix}-{level}")
        if partition == "file":
            assert len({record["partition"] for record in records}) == 1
            assert numbers(records) == sorted(numbers(records))
        arrived += numbers(records)
    assert sorted(arrived) == list(range(count))
    agent.stop()


def test_a_constant_topic_with_keys_out_of_fields(kafka, topic, agent, logs):
    name = topic(partitions=PARTITIONS)
    table = routing(logs, "unused")
    del table["sink"]["fallback_topic"]
    table["sink"]["topic"] = name
    agent.configure(table, brokers=kafka.brokers).start()
    append(logs / "a.json", map(line, range(3_000)))
    agent.await_acked("p", 3_000)
    records = kafka.everything(name)
    assert sorted(numbers(records)) == list(range(3_000)) and in_order_by_partition(records)
    for record in records:
        assert record["partition"] == (murmur2(record["key"].encode()) & 0x7FFFFFFF) % PARTITIONS
    agent.stop()


def test_killed_in_the_middle_nothing_is_missing(kafka, routed, agent, logs):
    prefix = routed(*LEVELS, "odd")
    agent.configure(routing(logs, prefix), brokers=kafka.brokers).start()
    count, step = 60_000, 2_000
    for begin in range(0, count, step):
        append(logs / "a.json", map(line, range(begin, begin + step)))
        if begin // step % 6 == 3:
            time.sleep(0.02)
            agent.kill()
            agent.start()
    wait_until(lambda: agent.metric("file_lag_bytes") == 0 and agent.books("p")["acked"] > 0, "the rest to arrive", 60)
    for level in LEVELS:
        records = kafka.everything(f"{prefix}-{level}")
        assert set(numbers(records)) == {n for n in range(count) if LEVELS[n % 7 % 3] == level}, "missing 0"
        assert in_order_by_partition(records)
    agent.stop()


def test_a_missing_topic_holds_back_its_file_and_repeats_nothing(kafka, routed, agent, logs):
    prefix = routed("info", "error", "odd")
    agent.configure(routing(logs, prefix), brokers=kafka.brokers).start()
    append(logs / "b.json", [line(n, "error") for n in range(500)])
    append(logs / "a.json", [line(n, "info") for n in range(1_000)])
    agent.await_acked("p", 1_500)
    append(logs / "a.json", [line(n, ("info", "late")[n % 2]) for n in range(1_000, 2_000)])
    wait_until(lambda: f"topic {prefix}-late cannot be used" in agent.reasons(), "status to name the topic")
    append(logs / "b.json", [line(n, "error") for n in range(500, 1_000)])
    agent.await_acked("p", 2_000)  # the other file goes on
    stays(lambda: agent.metric("records_acked_total") == 2_000, "nothing of it is sent, again and again", seconds=3)
    kafka.create_topic(f"{prefix}-late", PARTITIONS)
    agent.await_acked("p", 3_000)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    assert sorted(numbers(kafka.everything(f"{prefix}-info"))) == [*range(1_000), *range(1_000, 2_000, 2)]
    assert sorted(numbers(kafka.everything(f"{prefix}-late"))) == list(range(1_001, 2_000, 2))
    assert sorted(numbers(kafka.everything(f"{prefix}-error"))) == list(range(1_000))
    assert agent.metric("records_failed_total") <= 1_000, "it was given back once"
    agent.stop()


def test_a_record_that_is_too_large_for_its_topic_is_set_aside_alone(kafka, routed, topic, agent, logs):
    prefix = routed("info", "odd")
    letters = topic()
    kafka.create_topic(f"{prefix}-warn", PARTITIONS, max_message_bytes=20_000)
    sink = {"on_reject": "dead_letter", "dead_letter_topic": letters}
    agent.configure(
        routing(logs, prefix, sink), brokers=kafka.brokers, properties={"compression.type": "none"}
    ).start()
    huge = f'{{"n":500,"level":"warn","user":"huge","x":"{"x" * 40_000}"}}'
    append(logs / "a.json", [huge if n == 500 else line(n, ("info", "warn")[n % 2]) for n in range(1_000)])
    wait_until(lambda: agent.metric("file_lag_bytes") == 0 and agent.books("p")["acked"] > 0, "all to be delivered")
    (letter,) = kafka.everything(letters)
    assert letter["payload"] == huge and letter["headers"]["topic"] == f"{prefix}-warn" and letter["key"] == "huge"
    for remainder, level in enumerate(("info", "warn")):
        records = kafka.everything(f"{prefix}-{level}")
        assert set(numbers(records)) == set(range(remainder, 1_000, 2)) - {500}
        assert in_order_by_partition(records)
    books = agent.books("p")
    assert books["dropped"] == 1 and books["read"] == books["acked"] + books["dropped"] + books["failed"], books
    agent.stop()
