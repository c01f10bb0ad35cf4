"""Lines reach Kafka: all of them, once, in order, also when the agent is restarted on the way."""

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, write
from support.wait import stays, wait_until


def test_two_million_lines_arrive_once_and_in_the_order_of_their_file(kafka, topic, agent, logs):
    name = topic(4)
    writers = [
        write(logs / f"{writer}.log", writer, 500_000, size=200, lines_per_write=200) for writer in ("a", "b", "c", "d")
    ]
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    assert_perfect(consume(kafka.brokers, name, writers, timeout=120))
    assert agent.peak_rss() < 200 << 20
    agent.stop()


def test_lines_written_while_the_agent_runs_arrive_once(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writers = [Writer(logs / f"{w}.log", w, 60_000, rate=20_000, torn=True) for w in ("a", "b", "c")]
    for writer in writers:
        writer.wait()
    assert_perfect(consume(kafka.brokers, name, writers))


def test_restarts_in_between_lose_and_repeat_nothing(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=kafka.brokers)
    writer = Writer(logs / "a.log", "a", 100_000, rate=20_000, rotate_every=15_000)
    for _ in range(4):
        agent.start()
        seen = agent.metric("records_acked_total")
        wait_until(lambda: agent.metric("records_acked_total") > seen + 5_000, "some more records")
        agent.stop()
    agent.start()
    assert_perfect(consume(kafka.brokers, name, [writer.wait()]))


def test_a_partial_line_waits_for_its_ending(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    with open(logs / "a.log", "wb", buffering=0) as log:
        log.write(b"first\nsec")
        agent.await_acked("p", 1)
        stays(lambda: agent.metric("lines_read_total") == 1, "the partial line is not read", 1.5)
        log.write(b"ond\r\n")
        agent.await_acked("p", 2)
    assert [r["payload"] for r in kafka.records(name, 2)] == ["first", "second"]


def test_a_partial_line_is_not_sent_by_a_drain(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    (logs / "a.log").write_bytes(b"first\nsec")
    agent.await_acked("p", 1)
    agent.stop()
    with open(logs / "a.log", "ab") as log:
        log.write(b"ond\n")
    agent.start().await_acked("p", 1)
    assert [r["payload"] for r in kafka.records(name, 2)] == ["first", "second"]


def test_a_file_that_matches_two_pipelines_goes_through_both(kafka, topic, agent, logs):
    one, two = topic(), topic()
    agent.configure(
        pipeline("one", logs / "*.log", kafka_sink(one)),
        pipeline("two", logs / "a*", kafka_sink(two)),
        brokers=kafka.brokers,
    ).start()
    writer = write(logs / "a.log", "a", 20_000)
    assert_perfect(consume(kafka.brokers, one, [writer]))
    assert_perfect(consume(kafka.brokers, two, [writer]))
    agent.stop()
    later = write(logs / "a.log", "later", 1_000)
    agent.start()
    for name in (one, two):  # each kept its own checkpoint
        assert_perfect(consume(kafka.brokers, name, [writer, later]))


def test_start_at_end_skips_what_was_there_and_nothing_that_comes(kafka, topic, agent, logs):
    name = topic()
    write(logs / "a.log", "old", 1_000)
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name), start_at="end"), brokers=kafka.brokers).start()
    wait_until(lambda: agent.metric("files_open") >= 1, "the file to be found")
    writers = [write(logs / "a.log", "new", 1_000), write(logs / "later.log", "later", 1_000)]
    assert_perfect(consume(kafka.brokers, name, writers))  # a line of "old" would be foreign


def test_excluded_files_are_left_alone(kafka, topic, agent, logs):
    name = topic()
    wanted = write(logs / "a.log", "a", 100)
    write(logs / "a.debug.log", "debug", 100)
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name), exclude=["*.debug.log"]), brokers=kafka.brokers
    ).start()
    assert_perfect(consume(kafka.brokers, name, [wanted]))


def test_long_lines_are_split_cut_or_skipped(kafka, topic, agent, logs):
    (logs / "a.log").write_bytes(b"before\n" + b"x" * 2500 + b"\nafter\n")
    expected = {
        "split": ["before", "x" * 1024, "x" * 1024, "x" * 452, "after"],
        "truncate": ["before", "x" * 1024, "after"],
        "skip": ["before", "after"],
    }
    topics = {how: topic() for how in expected}
    agent.configure(
        *(
            pipeline(how, logs / "a.log", kafka_sink(name), long_line=how, max_line_bytes="1KiB")
            for how, name in topics.items()
        ),
        brokers=kafka.brokers,
    ).start()
    for how, lines in expected.items():
        assert [r["payload"] for r in kafka.records(topics[how], len(lines))] == lines, how
