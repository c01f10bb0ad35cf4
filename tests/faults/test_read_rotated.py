"""`read_rotated`: what was not read of a file that was rotated and compressed while the agent was stopped."""

import gzip
import subprocess

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import assert_perfect, consume, write
from support.wait import wait_until

COMPRESS = {"gz": ["gzip", "--no-name"], "zst": ["zstd", "--quiet", "--rm"]}


class Rotated:
    """An agent that has delivered 1,000 lines of a.log, and is stopped while that gets more, is rotated and compressed."""

    def __init__(self, agent, kafka, logs, name):
        self.agent, self.kafka, self.logs, self.topic = agent, kafka, logs, name
        self.writers = [write(logs / "a.log", "a", 1_000)]
        self.configure().start()
        agent.await_acked("p", 1_000)
        agent.stop()
        self.writers.append(write(logs / "a.log", "b", 5_000))
        (logs / "a.log").rename(logs / "a.log.1")
        self.writers.append(write(logs / "a.log", "c", 1_000))

    def configure(self, topic=None, read_rotated=True):
        source = {"exclude": ["*.gz", "*.zst"], "read_rotated": read_rotated}
        sink = kafka_sink(topic or self.topic)
        return self.agent.configure(pipeline("p", self.logs / "a.log*", sink, **source), brokers=self.kafka.brokers)

    def compress(self, ending="gz"):
        subprocess.run([*COMPRESS[ending], self.logs / "a.log.1"], check=True)
        assert not (self.logs / "a.log.1").exists()
        return self.logs / f"a.log.1.{ending}"

    def assert_all_arrived_once(self):
        assert_perfect(consume(self.kafka.brokers, self.topic, self.writers))

    def losses(self):
        return self.agent.metric("losses_total", reason="deleted_while_stopped")


@pytest.fixture
def rotated(agent, kafka, topic, logs):
    return Rotated(agent, kafka, logs, topic())


@pytest.mark.parametrize("ending", COMPRESS)
def test_the_rest_of_a_compressed_generation_is_read_once(rotated, ending):
    agent = rotated.agent
    compressed = rotated.compress(ending)
    agent.start()
    rotated.assert_all_arrived_once()
    assert f"compressed={compressed}" in agent.log_text()
    wait_until(
        lambda: not any("(deleted)" in path and str(agent.data_dir) in path for path in agent.open_paths()),
        "its disk space to be given back",
    )
    agent.stop()
    agent.start()
    agent.stop()
    rotated.assert_all_arrived_once()
    assert "ERROR" not in agent.log_text()


def test_a_kill_while_a_compressed_generation_is_read_loses_nothing(rotated, topic):
    agent = rotated.agent
    rotated.compress()
    rotated.configure(topic="nobody-made-this-topic").start()
    wait_until(lambda: "compressed generation is read" in agent.log_text(), "it to be found")
    agent.kill()
    rotated.configure().start()
    rotated.assert_all_arrived_once()
    agent.stop()


def test_a_reload_while_a_compressed_generation_is_read_goes_on_with_it(rotated):
    agent = rotated.agent
    rotated.compress()
    rotated.configure(topic="nobody-made-this-topic").start()
    wait_until(lambda: "compressed generation is read" in agent.log_text(), "it to be found")
    rotated.configure()
    agent.reload()
    rotated.assert_all_arrived_once()
    agent.stop()
    assert "ERROR" not in agent.log_text()


def test_each_pipeline_reads_a_compressed_generation_from_where_it_was(agent, kafka, topic, logs):
    ahead, behind = topic(), topic()

    def configure(second):
        source = {"exclude": ["*.gz"], "read_rotated": True}
        return agent.configure(pipeline("p", logs / "a.log*", kafka_sink(ahead), **source),
                               pipeline("q", logs / "a.log*", kafka_sink(second), **source), brokers=kafka.brokers)  # fmt: skip

    writers = [write(logs / "a.log", "a", 1_000)]
    configure(behind).start()
    agent.await_acked("p", 1_000)
    agent.await_acked("q", 1_000)
    configure("nobody-made-this-topic")
    agent.reload()
    wait_until(lambda: agent.log_text().count("pipeline starts pipeline=q") == 2, "the reload")
    writers.append(write(logs / "a.log", "b", 5_000))
    agent.await_acked("p", 6_000)
    agent.stop()
    writers.append(write(logs / "a.log", "c", 5_000))
    subprocess.run(["gzip", logs / "a.log"], check=True)
    configure(behind).start()
    for each in (ahead, behind):
        assert_perfect(consume(kafka.brokers, each, writers))
    agent.stop()
    assert "ERROR" not in agent.log_text()


@pytest.fixture
def read_whole(agent, kafka, topic, logs):
    """A stopped agent that has read a.log and the rotated a.log.1 to their ends: its topic and its writers."""
    name = topic()
    source = {"exclude": ["*.gz"], "read_rotated": True}
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(name), **source), brokers=kafka.brokers).start()
    writers = [write(logs / "a.log", "a", 1_000)]
    (logs / "a.log").rename(logs / "a.log.1")
    writers.append(write(logs / "a.log", "b", 1_000))
    agent.await_acked("p", 2_000)
    agent.stop()
    return name, writers


def test_late_lines_of_a_generation_that_was_read_to_its_end_are_read_from_its_compressed_form(
    agent, kafka, logs, read_whole
):
    """What `delaycompress` is for: a program goes on writing to the file that was rotated."""
    name, writers = read_whole
    writers.append(write(logs / "a.log.1", "c", 1_000))
    subprocess.run(["gzip", logs / "a.log.1"], check=True)
    agent.start()
    assert_perfect(consume(kafka.brokers, name, writers))
    agent.stop()
    agent.start()
    agent.stop()
    assert_perfect(consume(kafka.brokers, name, writers))
    assert "ERROR" not in agent.log_text()


def test_a_generation_that_was_read_to_its_end_and_compressed_is_passed_over_in_silence(agent, kafka, logs, read_whole):
    name, writers = read_whole
    subprocess.run(["gzip", logs / "a.log.1"], check=True)
    agent.start()
    writers.append(write(logs / "a.log", "c", 1_000))
    assert_perfect(consume(kafka.brokers, name, writers))
    agent.stop()
    assert "ERROR" not in agent.log_text() and "compressed generation" not in agent.log_text()


def test_a_file_that_comes_back_after_its_compressed_form_was_read_is_not_read_again(rotated, tmp_path):
    agent, logs = rotated.agent, rotated.logs
    (logs / "a.log.1.gz").write_bytes(gzip.compress((logs / "a.log.1").read_bytes()))
    (logs / "a.log.1").rename(tmp_path / "archived")
    agent.start()
    rotated.assert_all_arrived_once()
    wait_until(lambda: "file is finished" in agent.log_text(), "it to be finished")
    (tmp_path / "archived").rename(logs / "a.log.1")
    rotated.writers.append(write(logs / "a.log.1", "d", 10))
    rotated.assert_all_arrived_once()
    agent.stop()


def test_what_stood_in_the_way_of_reading_it_does_not_do_so_the_next_time(rotated):
    compressed = rotated.compress()
    whole = compressed.read_bytes()
    compressed.write_bytes(whole[:-100])
    rotated.agent.start()
    wait_until(lambda: rotated.losses() == 1, "the loss to be told")
    rotated.agent.stop()
    compressed.write_bytes(whole)
    rotated.agent.start()
    rotated.assert_all_arrived_once()
    rotated.agent.stop()


def test_a_damaged_generation_is_told_and_lost(rotated):
    compressed = rotated.compress()
    compressed.write_bytes(compressed.read_bytes()[:-100])
    rotated.agent.start()
    wait_until(lambda: rotated.losses() == 1, "the loss to be told")
    assert f"cannot unpack {compressed}" in rotated.agent.log_text()
    rotated.agent.stop()


def test_a_generation_of_another_file_is_not_taken_for_it(rotated):
    (rotated.logs / "a.log.1").unlink()
    (rotated.logs / "a.log.1.gz").write_bytes(gzip.compress(b"another file\n" * 100_000))
    rotated.agent.start()
    wait_until(lambda: rotated.losses() == 1, "the loss to be told")
    rotated.agent.stop()


def test_without_read_rotated_a_compressed_generation_is_lost_and_told(rotated):
    rotated.compress()
    rotated.configure(read_rotated=False).start()
    wait_until(lambda: rotated.losses() == 1, "the loss to be told")
    rotated.agent.stop()
