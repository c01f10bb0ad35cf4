"""Every way in which a log file lives and dies, with the agent running and, where that can be survived, stopped."""

import contextlib
import gzip
import os
import shutil

import pytest

from support.agent import pipeline
from support.wait import wait_until

BANNER = "# application log, format 7\n" * 50  # over 1 KiB: what the fingerprint and the anchor see first


class Follower:
    """An agent that copies the lines of `logs` to a file, and what that file must hold."""

    def __init__(self, agent, logs, out):
        self.agent, self.logs, self.out = agent, logs, out
        self.expected = []
        self._lines = 0
        # Rotated names are included, compressed ones are not.
        agent.configure(
            pipeline("p", logs / "**" / "*.log*", {"type": "file", "path": str(out)}, exclude=["*.gz"])
        ).start()

    def lines(self, count=20):
        """New lines, which must arrive."""
        texts = [f"line {self._lines + n} of the test, long enough to be told from the others" for n in range(count)]
        self._lines += count
        self.expected += texts
        return "".join(text + "\n" for text in texts)

    def banner(self):
        self.expected += BANNER.splitlines()
        return BANNER

    def arrived(self):
        return self.out.read_text().splitlines() if self.out.exists() else []

    def await_all(self):
        wait_until(lambda: len(self.arrived()) >= len(self.expected), "all lines to arrive")
        assert sorted(self.arrived()) == sorted(self.expected)

    def await_closed(self, path, timeout=20):
        descriptors = f"/proc/{self.agent.process.pid}/fd"
        wait_until(
            lambda: not any(os.readlink(f"{descriptors}/{fd}").startswith(str(path)) for fd in _list(descriptors)),
            f"{path} to be let go",
            timeout,
        )

    def asleep(self):
        return self.agent.asleep()

    @contextlib.contextmanager
    def stopped(self):
        self.agent.stop()
        yield
        self.agent.start()


def _list(folder):
    with contextlib.suppress(FileNotFoundError):
        return os.listdir(folder)
    return []


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


@pytest.fixture
def follower(agent, logs, tmp_path):
    yield (it := Follower(agent, logs, tmp_path / "out"))
    it.await_all()
    agent.stop()
    it.await_all()


@pytest.fixture(params=["asleep", "stopped"])
def away(request, follower):
    """While the agent does not look; it goes on afterwards."""
    return getattr(follower, request.param)


def test_rename_and_create(follower, away, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        append(logs / "a.log", follower.lines())
        (logs / "a.log").rename(logs / "a.log.1")
        append(logs / "a.log", follower.lines())
        append(logs / "a.log.1", follower.lines())


def test_a_chain_of_renames(follower, away, logs):
    for generation in range(9):
        append(logs / ("a.log" if generation == 0 else f"a.log.{generation}"), follower.lines())
    follower.await_all()
    with away():
        append(logs / "a.log", follower.lines())
        for generation in range(9, 0, -1):
            source = logs / ("a.log" if generation == 1 else f"a.log.{generation - 1}")
            source.rename(logs / f"a.log.{generation}")
        append(logs / "a.log", follower.lines())


def test_a_file_that_moves_to_a_folder_that_nobody_looks_at(follower, logs, tmp_path):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    (tmp_path / "archive").mkdir()
    with follower.asleep():
        append(logs / "a.log", follower.lines())
        (logs / "a.log").rename(tmp_path / "archive" / "a.log")
        append(tmp_path / "archive" / "a.log", follower.lines())
        append(logs / "a.log", follower.lines())


def test_rename_create_compress_and_delete(follower, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with follower.asleep():
        append(logs / "a.log", follower.lines())
        (logs / "a.log").rename(logs / "a.log.1")
        append(logs / "a.log", follower.lines())
        (logs / "a.log.1.gz").write_bytes(gzip.compress((logs / "a.log.1").read_bytes()))
        (logs / "a.log.1").unlink()
    follower.await_all()
    follower.await_closed(logs / "a.log.1")


def test_copytruncate(follower, away, logs, tmp_path):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        shutil.copy(logs / "a.log", tmp_path / "copy")
        os.truncate(logs / "a.log", 0)
        append(logs / "a.log", follower.lines(5))


def test_truncated_and_grown_past_the_old_offset_between_two_looks(follower, away, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        os.truncate(logs / "a.log", 0)
        append(logs / "a.log", follower.lines(100))


def test_truncated_and_rewritten_with_the_same_first_kilobyte(follower, away, logs):
    append(logs / "a.log", follower.banner() + follower.lines())
    follower.await_all()
    with away():
        os.truncate(logs / "a.log", 0)
        append(logs / "a.log", follower.banner() + follower.lines(100))


def test_deleted_while_lines_are_unread(follower, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with follower.asleep():
        append(logs / "a.log", follower.lines(5_000))
        (logs / "a.log").unlink()
    follower.await_all()
    follower.await_closed(logs / "a.log")


@pytest.mark.parametrize("first", ["lines", "banner", "nothing"])
def test_an_inode_that_is_used_again_at_once(follower, away, logs, first):
    path = logs / "a.log"
    content = {"lines": follower.lines, "banner": follower.banner, "nothing": lambda: ""}
    for _ in range(3):
        append(path, content[first]())
        follower.await_all()
        wait_until(lambda: follower.agent.metric("files_open") >= 1, "the file to be found")
        with away():
            path.unlink()
            append(path, content[first]() + follower.lines())


def test_hard_links_are_one_file(follower, logs):
    append(logs / "a.log", follower.lines())
    os.link(logs / "a.log", logs / "b.log")
    append(logs / "b.log", follower.lines())
    follower.await_all()
    (logs / "a.log").unlink()
    append(logs / "b.log", follower.lines())


def test_a_link_that_points_to_another_file_each_day(follower, away, logs, tmp_path):
    days = tmp_path / "days"
    days.mkdir()
    for day in ("monday", "tuesday", "wednesday"):
        with away():
            append(days / day, follower.lines())
            (tmp_path / "new").symlink_to(days / day)
            (tmp_path / "new").rename(logs / "today.log")
        follower.await_all()
        append(days / day, follower.lines())
        follower.await_all()


def test_a_broken_link_that_is_mended(follower, logs, tmp_path):
    (logs / "a.log").symlink_to(tmp_path / "later")
    append(logs / "b.log", follower.lines())
    follower.await_all()
    append(tmp_path / "later", follower.lines())


def test_a_linked_folder(follower, logs, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (logs / "linked").symlink_to(tmp_path / "elsewhere")
    append(tmp_path / "elsewhere" / "a.log", follower.lines())
    follower.await_all()
    append(tmp_path / "elsewhere" / "a.log", follower.lines())


def test_folders_that_appear_deep_are_removed_and_made_again(follower, away, logs):
    deep = logs / "1" / "2" / "3" / "4" / "5"
    for _ in range(3):
        with away():
            deep.mkdir(parents=True)
            append(deep / "a.log", follower.lines())
        follower.await_all()
        shutil.rmtree(logs / "1")


def test_nul_bytes_and_holes(follower, logs):
    with open(logs / "a.log", "wb") as file:
        file.write(b"before\0after\n")
        file.seek(1 << 20, os.SEEK_CUR)
        file.write(b"end of the hole\n")
    holes = "\0" * (1 << 20) + "end of the hole"
    follower.expected += ["before\0after", holes[: 1 << 20], holes[1 << 20 :]]
