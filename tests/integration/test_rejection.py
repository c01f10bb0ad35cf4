"""Records that the cluster will not take: only they are held up, dropped or set aside, never their neighbours."""

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import consume, write
from support.wait import wait_until

TOPIC_BYTES_MAX = 20_000  # of a batch; the agent's would be 1 MB
PLAIN = {"compression.type": "none"}
# Of a batch that went in two requests, the second may have been taken when the first was rejected: it is read again
# behind the first one.
LINES_OF_A_BATCH = 5_000


def _assert_nothing_is_missing(kafka, topic, writers):
    verdict = consume(kafka.brokers, topic, writers, allow_duplicates=LINES_OF_A_BATCH, allow_reorder=True)
    assert verdict["passed"] and verdict["missing"] == 0 and verdict["out_of_order"] <= LINES_OF_A_BATCH, verdict


@pytest.fixture
def narrow_topic(topic):
    return topic(max_message_bytes=TOPIC_BYTES_MAX)


def _write_around_a_huge_line(log):
    """Lines, a line that the topic will never take, lines."""
    before = write(log, "before", 3_000)
    with open(log, "a") as file:
        file.write("x" * (2 * TOPIC_BYTES_MAX) + "\n")
    return [before, write(log, "after", 3_000)]


def test_batches_that_are_too_large_for_their_topic_become_smaller(kafka, narrow_topic, agent, logs):
    writer = write(logs / "a.log", "a", 20_000)
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(narrow_topic)), brokers=kafka.brokers, properties=PLAIN
    ).start()
    _assert_nothing_is_missing(kafka, narrow_topic, [writer])
    wait_until(lambda: agent.health() == "healthy", "the agent to be healthy")
    agent.stop()


def test_a_rejected_record_holds_up_its_file_from_there_on_and_nothing_else(kafka, narrow_topic, agent, logs):
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(narrow_topic)), brokers=kafka.brokers, properties=PLAIN
    ).start()
    before, _after = _write_around_a_huge_line(logs / "a.log")
    other = write(logs / "b.log", "b", 5_000)
    _assert_nothing_is_missing(kafka, narrow_topic, [before, other])
    wait_until(lambda: agent.health() == "degraded", "the agent to be degraded")
    (checkpoint,) = [c for c in agent.checkpoints() if c["path"].endswith("a.log")]
    assert checkpoint["offset"] == 3_000 * 201
    agent.stop()


def test_a_rejected_record_is_dropped_where_the_pipeline_says_so(kafka, narrow_topic, agent, logs):
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(narrow_topic, on_reject="drop")), brokers=kafka.brokers, properties=PLAIN
    ).start()
    writers = _write_around_a_huge_line(logs / "a.log")
    _assert_nothing_is_missing(kafka, narrow_topic, writers)
    assert agent.metric("records_dropped_total", reason="rejected") == 1
    agent.await_acked("p", 6_000)  # the consumer may have been quicker than the acknowledgement
    books = agent.books("p")
    assert books["read"] == books["acked"] + books["dropped"] + books["failed"] and books["acked"] >= 6_000, books
    assert "records were rejected" in agent.log_text() and "xxxx" not in agent.log_text()
    agent.stop()


def test_a_rejected_record_goes_to_the_dead_letter_topic(kafka, topic, narrow_topic, agent, logs):
    dead_letters = topic()
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(narrow_topic, on_reject="dead_letter", dead_letter_topic=dead_letters)),
        brokers=kafka.brokers,
        properties=PLAIN,
    ).start()
    writers = _write_around_a_huge_line(logs / "a.log")
    _assert_nothing_is_missing(kafka, narrow_topic, writers)
    (letter,) = kafka.records(dead_letters, 1)
    assert letter["payload"] == "x" * (2 * TOPIC_BYTES_MAX)
    headers = letter["headers"]
    assert headers["topic"] == narrow_topic and headers["pipeline"] == "p" and headers["path"] == str(logs / "a.log")
    assert headers["offset"] == str(3_000 * 201) and "too large" in headers["error"].lower()
    assert agent.metric("records_dropped_total", reason="dead_letter") == 1
    agent.await_acked("p", 6_000)  # the consumer may have been quicker than the acknowledgement
    books = agent.books("p")
    assert books["read"] == books["acked"] + books["dropped"] + books["failed"], books
    agent.stop()
