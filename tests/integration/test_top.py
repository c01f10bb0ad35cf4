"""venus-agent top: once as text, and live in a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pytest

from support.agent import pipeline
from support.judge import Writer, write
from support.programs import AGENT
from support.wait import wait_until

ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """`top` in a terminal of so many columns and rows."""

    def __init__(self, agent, *options, columns=80, rows=24):
        ours, theirs = pty.openpty()
        self.resize(ours, columns, rows)
        self.before = termios.tcgetattr(theirs)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(theirs, descriptor)
            os.execv(AGENT, [str(AGENT), "top", "--config", str(agent.config), *options])
        self.fd, self._theirs = ours, theirs  # held open, so that the settings can be asked for at the end
        self.output = b""

    @staticmethod
    def resize(fd, columns, rows):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.05):
        while select.select([self.fd], [], [], seconds)[0]:
            self.output += os.read(self.fd, 65536)
            seconds = 0
        return self.output

    def screens(self):
        """Each as its lines, without colours."""
        frames = self.read().split(b"\x1b[H")[1:]
        return [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", frame.decode()).replace("\r", "").split("\n") for frame in frames]

    def shows(self, text):
        return any(text in line for screen in self.screens()[-1:] for line in screen)

    def press(self, key):
        os.write(self.fd, key)

    def ended(self, timeout=10):
        """Its exit code, once it has given the terminal back as it was."""
        deadline = time.monotonic() + timeout
        while True:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < deadline, "top does not end"
        self.read()
        assert self.output.count(ENTERED) == self.output.count(LEFT) == 1 and self.output.endswith(LEFT)
        assert b"\x1b[?25h" in self.output, "the cursor is shown again"
        assert termios.tcgetattr(self._theirs) == self.before
        return os.waitstatus_to_exitcode(status)

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.fd)
        os.close(self._theirs)


@pytest.fixture
def terminal():
    opened = []

    def start(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def busy(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}), metrics_listen="").start(wait=False)
    Writer(logs / "busy.log", "a", 1_000_000, rate=2_000)
    wait_until(lambda: agent.command("status").returncode == 0 and agent.status()["pipelines"][0]["records_acked"], "records")
    return agent


def columns(text, heading):
    """The cells of the first row below a heading, by the words above them."""
    lines = text if isinstance(text, list) else text.splitlines()
    at = next(n for n, line in enumerate(lines) if heading in line)
    return dict(zip(re.split(r"\s{2,}", lines[at].strip()), re.split(r"\s{2,}", lines[at + 1].strip())))


def test_once_prints_what_passes_and_exits_as_status_does(busy, logs):
    done = busy.command("top", "--once", "--interval", "2s")
    assert done.returncode == 0 and done.stderr == "" and "\x1b" not in done.stdout
    shown = columns(done.stdout, "PIPELINE")
    assert 1_500 < float(shown["LINES/s"]) < 2_500 and 1_500 < float(shown["ACKED/s"]) < 2_500
    assert shown["STATE"] == "healthy" and re.fullmatch(r"[\d.]+ (ms|s)", shown["P99"])
    assert columns(done.stdout, "FILE")["FILE"] == str(logs / "busy.log")


def test_once_tells_a_degraded_agent_by_its_exit_code(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": "/proc/no/such/place"})).start()
    write(logs / "a.log", "a", 1)
    wait_until(lambda: agent.health() == "degraded", "the agent to be degraded")
    done = agent.command("top", "--once", "--interval", "100ms")
    assert done.returncode == 3 and "! pipeline p: " in done.stdout


def test_an_agent_that_does_not_run_is_told_as_status_tells_it(agent, logs, terminal):
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))
    said = agent.command("status")
    for options in ((), ("--once",)):
        done = agent.command("top", *options)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", said.stderr)
    live = terminal(agent)
    wait_until(lambda: b"cannot call" in live.read(), "the reason")
    assert os.waitstatus_to_exitcode(os.waitpid(live.pid, 0)[1]) == 1
    assert ENTERED not in live.output


def test_without_a_terminal_it_names_what_there_is_for_scripts(busy):
    done = busy.command("top")
    assert done.returncode == 2 and "--once" in done.stderr


@pytest.mark.parametrize("interval", ["0s", "10ms", "2h", "often"])
def test_an_interval_that_is_none_is_refused(busy, interval):
    done = busy.command("top", "--once", "--interval", interval)
    assert done.returncode == 2 and interval in done.stderr


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_it_is_drawn_anew_each_interval_until_a_key_ends_it(busy, terminal, key):
    live = terminal(busy, "--interval", "200ms")
    wait_until(lambda: len(live.screens()) > 5, "five screens")
    assert live.shows("every 200ms  q ends") and live.shows("/logs/busy.log")
    rates = {columns(screen, "PIPELINE")["LINES/s"] for screen in live.screens()[2:-1]}
    assert any(float(rate) > 500 for rate in rates), rates
    live.press(key)
    assert live.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(busy, terminal, number):
    live = terminal(busy)
    wait_until(lambda: live.screens(), "a screen")
    os.kill(live.pid, number)
    assert live.ended() == 0


def test_it_fits_into_a_narrow_terminal_and_follows_its_size(busy, terminal):
    live = terminal(busy, "--interval", "30s", columns=100, rows=30)
    wait_until(lambda: live.shows("SINK"), "the whole table")
    live.resize(live.fd, 30, 8)
    wait_until(lambda: live.screens() and not live.shows("SINK") and live.shows("q ends"), "a smaller table")
    last = live.screens()[-1]
    assert len(last) <= 8 and max(map(len, last[:-1])) <= 30
    assert live.shows("PIPELINE") and live.shows("LINES/s")
    live.press(b"q")
    assert live.ended() == 0


def test_an_agent_that_hangs_is_said_and_keys_still_work(busy, terminal):
    live = terminal(busy, "--interval", "100ms")
    wait_until(lambda: live.shows("q ends"), "a screen")
    busy.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: live.shows("NO ANSWER for"), "that it hangs")
        live.press(b"q")
        assert live.ended(timeout=5) == 0
    finally:
        busy.process.send_signal(signal.SIGCONT)


def test_a_terminal_that_knows_only_lines_is_none(busy, monkeypatch, terminal):
    monkeypatch.setenv("TERM", "dumb")
    live = terminal(busy)
    wait_until(lambda: b"top needs a terminal" in live.read(), "the reason")


def test_it_waits_for_an_agent_that_is_started_again(busy, terminal):
    live = terminal(busy, "--interval", "100ms")
    wait_until(lambda: live.shows("q ends"), "a screen")
    busy.stop()
    wait_until(lambda: live.shows("NO ANSWER for"), "that it does not run")
    busy.start(wait=False)
    wait_until(lambda: live.shows("every 100ms") and not live.shows("NO ANSWER"), "the agent to be back")
    live.press(b"q")
    assert live.ended() == 0
