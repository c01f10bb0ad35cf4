"""What an operator does with a running agent: check, status, reload, checkpoints, metrics, systemd."""

import os
import re
import select
import signal
import socket
import subprocess

import pytest

from support.agent import kafka_sink, pipeline
from support.judge import Writer, assert_perfect, consume, verify, write
from support.programs import AGENT
from support.wait import wait_until


def test_check_accepts_a_good_config(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))
    done = agent.command("check")
    assert (done.returncode, done.stdout.strip()) == (0, "ok")


BROKEN = """\
[agent]
shutdown_timeout = "10 parsecs"
memroy_limit = "1MiB"

[[pipelines]]
name = "p"
source = { type = "file", include = [] }
sink = { type = "kafka", cluster = "nowhere", topic = "t" }
"""


def test_check_tells_every_error_at_once_with_its_place(agent):
    agent.config.write_text(BROKEN)
    done = agent.command("check")
    assert done.returncode == 2
    errors = re.findall(rf"^{re.escape(str(agent.config))}:(\d+):(\d+): error: (\S+): (.+)$", done.stdout + done.stderr, re.M)
    assert [int(line) for line, *_ in errors] == sorted(int(line) for line, *_ in errors)
    assert {int(line) for line, *_ in errors} == {2, 3, 7, 8}, done.stdout + done.stderr
    assert any("memory_limit" in message for *_, message in errors), "an unknown key names the nearest known one"


def test_run_refuses_a_broken_config(agent):
    agent.config.write_text(BROKEN)
    agent.start(wait=False)
    assert agent.process.wait(10) == 2


def test_version_names_the_libraries():
    done = subprocess.run([AGENT, "version"], capture_output=True, text=True)
    assert done.returncode == 0 and "librdkafka" in done.stdout and "RocksDB" in done.stdout


def test_status_tells_running_from_not_running(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))
    assert agent.command("status").returncode == 1
    agent.start()
    write(logs / "a.log", "a", 10)
    agent.await_acked("p", 10)
    assert agent.command("status").returncode == 0
    assert str(logs / "a.log") in str(agent.status())
    assert str(logs / "a.log") in agent.command("status").stdout
    assert agent.http_status("/healthz") == 200 and agent.http_status("/readyz") == 200


def test_sighup_touches_changed_pipelines_only(kafka, topic, agent, logs):
    kept, changed, added = topic(), topic(), topic()

    def configure(*others):
        agent.configure(
            pipeline("kept", logs / "a.log", kafka_sink(kept, headers=["session"])), *others, brokers=kafka.brokers
        )

    configure(pipeline("changed", logs / "a.log", kafka_sink(changed)))
    agent.start()
    writer = Writer(logs / "a.log", "a", 60_000, rate=15_000)
    agent.await_acked("changed", 5_000)
    configure(
        pipeline("changed", logs / "a.log", kafka_sink(changed, headers=["host"])),
        pipeline("added", logs / "a.log", kafka_sink(added)),
    )
    agent.reload()
    for name in (kept, changed, added):
        assert_perfect(consume(kafka.brokers, name, [writer.wait()]))
    # One session: the tail of the unchanged pipeline was never made anew.
    assert len({r["headers"]["session"] for r in kafka.records(kept, 60_000)}) == 1
    assert any(r["headers"] for r in kafka.records(changed, 60_000))


def test_sighup_with_a_broken_config_changes_nothing(agent, logs, tmp_path):
    out = tmp_path / "out.log"
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out)})).start()
    first = write(logs / "a.log", "a", 100)
    agent.await_acked("p", 100)
    agent.config.write_text(BROKEN.replace("[agent]", f'[agent]\nadmin_socket = "{agent.admin_socket}"'))
    agent.reload()
    wait_until(lambda: "memroy_limit" in agent.log_text(), "the error in the log")
    assert agent.health() == "degraded"
    second = write(logs / "a.log", "b", 100)
    agent.await_acked("p", 200)
    agent.stop()
    assert_perfect(verify([out], [first, second]))


def test_a_pipeline_removed_and_put_back_goes_on_where_it_was(kafka, topic, agent, logs):
    name = topic()
    other = pipeline("other", logs / "*.txt", {"type": "blackhole"})
    mine = pipeline("p", logs / "*.log", kafka_sink(name))
    agent.configure(mine, other, brokers=kafka.brokers).start()
    first = write(logs / "a.log", "a", 2_000)
    agent.await_acked("p", 2_000)
    agent.configure(other, brokers=kafka.brokers).reload()
    wait_until(lambda: agent.metric("files_open", pipeline="p") == 0, "the pipeline to go")
    second = write(logs / "a.log", "b", 2_000)
    agent.configure(mine, other, brokers=kafka.brokers).reload()
    assert_perfect(consume(kafka.brokers, name, [first, second]))


def test_a_disabled_pipeline_reads_nothing(agent, logs):
    agent.configure(
        pipeline("off", logs / "*.log", {"type": "blackhole"}, enabled=False),
        pipeline("on", logs / "*.log", {"type": "blackhole"}),
    ).start()
    write(logs / "a.log", "a", 100)
    agent.await_acked("on", 100)
    assert agent.metric("lines_read_total", pipeline="off") == 0


@pytest.mark.parametrize("running", [True, False], ids=["running", "offline"])
def test_checkpoints_can_be_listed_set_and_forgotten(agent, logs, tmp_path, running):
    out = tmp_path / "out.log"
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out)})).start()
    (logs / "a.log").write_text("one\ntwo\nthree\n")
    agent.await_acked("p", 3)
    agent.stop()
    if running:
        agent.start()
        wait_until(lambda: agent.metric("files_open") == 1, "the file to be found")

    (checkpoint,) = agent.checkpoints()
    assert checkpoint["pipeline"] == "p" and checkpoint["path"] == str(logs / "a.log") and checkpoint["offset"] == 14
    listed = agent.command("checkpoints", "list").stdout
    assert str(logs / "a.log") in listed and "14" in listed
    if running:
        done = agent.command("checkpoints", "set", "--pipeline", "p", logs / "a.log", 15)
        assert done.returncode == 1 and "it has 14 bytes" in done.stderr, done.stderr

    done = agent.command("checkpoints", "set", "--pipeline", "p", logs / "a.log", 4)
    assert done.returncode == 0, done.stderr
    if not running:
        assert agent.checkpoints()[0]["offset"] == 4
        agent.start()
    wait_until(lambda: out.read_text() == "one\ntwo\nthree\n" + "two\nthree\n", "the lines from there on again")
    if not running:
        agent.stop()

    done = agent.command("checkpoints", "forget", "--pipeline", "p", logs / "a.log")
    assert done.returncode == 0, done.stderr
    if not running:
        assert agent.checkpoints() == []


def test_checkpoints_of_a_file_that_is_not_there_fail(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"})).start()
    agent.stop()
    done = agent.command("checkpoints", "set", "--pipeline", "p", "/nowhere", 4)
    assert done.returncode == 1 and done.stderr


def test_a_file_whose_name_is_no_text_hides_nothing(agent, logs):
    odd = os.fsencode(logs) + b"/bad\xff\xfe.log"
    with open(odd, "wb") as log:
        log.write(b"a line\n")
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"})).start()
    agent.await_acked("p", 1)
    (file,) = agent.status()["pipelines"][0]["files"]
    assert file["path"] == f"{logs}/bad\ufffd\ufffd.log"
    for command in (["status"], ["top", "--once", "--interval", "100ms"], ["checkpoints", "list"]):
        done = agent.command(*command)
        assert done.returncode == 0 and "bad\ufffd\ufffd.log" in done.stdout, (command, done)
    done = agent.command("checkpoints", "set", "--pipeline", "p", file["file_id"], 0)
    assert done.returncode == 0, done.stderr
    agent.await_acked("p", 2)


@pytest.mark.parametrize("command", [["status"], ["top", "--once"], ["tap", "p"], ["checkpoints", "list"]])
def test_a_config_that_cannot_be_read_is_not_an_agent_that_does_not_run(agent, logs, command):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))
    assert agent.command(*command).returncode == 1
    agent.config.write_text("[agent\n")
    done = agent.command(*command)
    assert done.returncode == 2 and str(agent.config) in done.stderr, done


METRICS = """lines_read_total bytes_read_total records_sent_total records_acked_total file_lag_bytes files_open
in_flight_bytes rotations_total truncations_total records_fallback_total delivery_seconds_bucket delivery_seconds_sum
delivery_seconds_count config_revision heartbeats_total healthy in_flight_limit_bytes start_time_seconds info""".split()


def test_metrics_have_their_names_and_balanced_books(kafka, topic, agent, logs):
    name = topic()
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink(name)),
        pipeline("q", logs / "*.log", {"type": "blackhole"}),
        brokers=kafka.brokers,
    ).start()
    writer = write(logs / "a.log", "a", 10_000)
    for each in ("p", "q"):
        agent.await_acked(each, 10_000)
        wait_until(lambda: agent.books(each)["lag"] == 0, "no lag")
        books = agent.books(each)
        assert books == {"read": 10_000, "acked": 10_000, "dropped": 0, "failed": 0, "in_flight_bytes": 0, "lag": 0}
    samples = agent.scrape()
    assert set(METRICS) <= {sample[0] for sample in samples}
    assert agent.metric("bytes_read_total", pipeline="p") == (logs / "a.log").stat().st_size
    assert not any("path" in labels or "file" in labels for _, labels, _ in samples), "never a label per file"
    assert_perfect(consume(kafka.brokers, name, [writer]))


def test_skipped_lines_are_counted_as_dropped(agent, logs):
    agent.configure(
        pipeline("p", logs / "*.log", {"type": "blackhole"}, long_line="skip", max_line_bytes="1KiB")
    ).start()
    (logs / "a.log").write_bytes(b"a\n" + b"x" * 5000 + b"\nb\n")
    agent.await_acked("p", 2)
    books = agent.books("p")
    assert (books["read"], books["acked"], books["dropped"]) == (3, 2, 1)
    assert any(n == "records_dropped_total" and has.get("reason") and v == 1 for n, has, v in agent.scrape())


class Notifications:
    """What systemd would hear."""

    def __init__(self, folder):
        self.address = str(folder / "notify.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self.heard = []

    def has(self, wanted):
        self._socket.setblocking(False)
        try:
            while True:
                self.heard += self._socket.recv(65536).decode().splitlines()
        except BlockingIOError:
            return wanted in self.heard


def test_systemd_is_told_about_the_life_of_the_agent(agent, logs, tmp_path):
    systemd = Notifications(tmp_path)
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))
    agent.start(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="1000000")
    wait_until(lambda: systemd.has("READY=1"), "READY=1")
    wait_until(lambda: systemd.has("WATCHDOG=1"), "WATCHDOG=1")
    wait_until(lambda: any(said.startswith("STATUS=") for said in systemd.heard) or systemd.has(""), "STATUS=", timeout=10)
    systemd.heard.clear()
    agent.reload()
    wait_until(lambda: systemd.has("RELOADING=1"), "RELOADING=1")
    wait_until(lambda: systemd.has("READY=1"), "READY=1 after the reload")
    agent.stop()
    assert systemd.has("STOPPING=1")


def _is_full(pipe):
    """A pipe is full when its pages are; the last bytes of a page may be left free."""
    return not select.select([], [pipe], [], 0)[1]


def test_an_agent_whose_sink_blocks_ends_in_time_and_loses_nothing(agent, logs, tmp_path):
    pipe, out = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)  # which does not read
    agent.configure(
        pipeline("p", logs / "*.log", {"type": "file", "path": str(pipe)}), shutdown_timeout="1s"
    ).start()
    writer = write(logs / "a.log", "a", 1_000)
    wait_until(lambda: _is_full(reader), "the pipe to be full")
    agent.process.send_signal(signal.SIGTERM)
    agent.reload()  # must not matter any more
    assert agent.process.wait(timeout=15) == 1
    assert "agent is stuck" in agent.log_text()
    os.close(reader)
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": str(out)})).start()
    agent.await_acked("p", 1_000)
    agent.stop()
    assert_perfect(verify([out], [writer]))
