"""A file is its inode: renamed, replaced, deleted, truncated, or late, none of its lines is lost or sent twice."""

import os
import shutil

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, write
from support.wait import wait_until

PROMPT_SECONDS = 8  # after ten, the sweep would find everything


def test_rotation_by_rename_and_create(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writer = Writer(logs / "a.log", "a", 60_000, rate=20_000, rotate_every=6_000, torn=True).wait()
    assert_perfect(consume(kafka.brokers, name, [writer]))
    assert agent.metric("rotations_total", pipeline="p") == 9


def test_rotation_by_rename_create_and_delete(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writer = Writer(logs / "a.log", "a", 60_000, rate=20_000, rotate_every=10_000, rotate="rename-delete").wait()
    assert_perfect(consume(kafka.brokers, name, [writer]))


def test_renamed_files_that_also_match_are_the_same_files(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=kafka.brokers).start()
    writer = Writer(logs / "a.log", "a", 60_000, rate=30_000, rotate_every=6_000, keep=5).wait()
    assert_perfect(consume(kafka.brokers, name, [writer]))


def test_rotation_while_the_agent_is_down(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=kafka.brokers).start()
    first = write(logs / "a.log", "a", 1_000)
    agent.await_acked("p", 1_000)
    agent.stop()
    second = write(logs / "a.log", "b", 3_000, rotate_every=1_000)
    agent.start()
    assert_perfect(consume(kafka.brokers, name, [first, second]))


def test_a_truncated_file_is_read_from_its_beginning(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    first = write(logs / "a.log", "a", 5_000)
    agent.await_acked("p", 5_000)
    second = write(logs / "a.log", "a", 1_000, truncate=True, generation=1)
    agent.await_acked("p", 6_000)
    assert agent.metric("truncations_total", pipeline="p") == 1
    assert_perfect(consume(kafka.brokers, name, [first, second]))


def test_a_file_truncated_and_grown_past_the_old_offset_while_the_agent_is_down(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "a.log", kafka_sink(name)), brokers=kafka.brokers).start()
    first = write(logs / "a.log", "a", 1_000)
    agent.await_acked("p", 1_000)
    agent.stop()
    second = write(logs / "a.log", "a", 5_000, truncate=True, generation=1)
    agent.start()
    assert_perfect(consume(kafka.brokers, name, [first, second]))


def test_files_in_folders_that_appear_later(kafka, topic, agent, logs):
    name = topic(2)
    agent.configure(pipeline("p", logs / "**" / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writers = []
    for number in range(3):
        folder = logs / f"app-{number}" / "deep" / "down"
        folder.mkdir(parents=True)
        writers.append(write(folder / "a.log", f"w{number}", 2_000))
    agent.await_acked("p", 6_000, PROMPT_SECONDS)
    assert_perfect(consume(kafka.brokers, name, writers))


def test_the_watched_folder_itself_appears_later(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "later" / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    (logs / "later").mkdir()
    writer = write(logs / "later" / "a.log", "a", 1_000)
    agent.await_acked("p", 1_000, PROMPT_SECONDS)
    assert_perfect(consume(kafka.brokers, name, [writer]))


def test_a_file_moved_in_is_read_and_one_moved_within_is_not_read_again(kafka, topic, agent, logs, tmp_path):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    (tmp_path / "elsewhere").mkdir()
    writer = write(tmp_path / "elsewhere" / "a.txt", "a", 1_000)
    os.rename(tmp_path / "elsewhere" / "a.txt", logs / "a.log")
    agent.await_acked("p", 1_000)
    os.rename(logs / "a.log", logs / "b.log")
    assert_perfect(consume(kafka.brokers, name, [writer], settle=2))


def test_a_copy_is_another_file(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    writer = write(logs / "a.log", "a", 500)
    agent.await_acked("p", 500)
    shutil.copy(logs / "a.log", logs / "b.log")
    agent.await_acked("p", 1_000)
    verdict = consume(kafka.brokers, name, [writer], settle=1)
    assert verdict["missing"] == 0 and verdict["duplicate"] == 500


def test_drained_deleted_files_are_let_go(kafka, topic, agent, logs):
    name = topic()
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name)), brokers=kafka.brokers).start()
    write(logs / "a.log", "a", 500)
    agent.await_acked("p", 500)
    os.unlink(logs / "a.log")
    wait_until(lambda: agent.metric("files_open", pipeline="p") == 0, "the file to be closed", timeout=60)
