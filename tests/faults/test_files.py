"""Every way in which a log file lives and dies, with the agent running and, where that can be survived, stopped."""

import contextlib
import gzip
import os
import shutil
import socket
import time

import pytest

from support.agent import pipeline
from support.disk import Overlay
from support.lines import whole_lines
from support.wait import wait_until

SWEEP_SECONDS = 10  # Discovery::kSweepInterval
PROMPT_SECONDS = SWEEP_SECONDS - 2  # what takes longer was found by the sweep, and missed by whoever had to see it
BANNER = "# application log, format 7\n" * 50  # over 1 KiB: what the fingerprint and the anchor see first


class Follower:
    """An agent that copies the lines of `logs` to a file, and what that file must hold."""

    def __init__(self, agent, logs, out, under=()):
        self.agent, self.logs, self.out, self.under = agent, logs, out, under
        self.expected = []
        self._lines = 0
        # Rotated names are included, compressed ones are not.
        agent.configure(
            pipeline("p", logs / "**" / "*.log*", {"type": "file", "path": str(out)}, exclude=["*.gz"])
        ).start(under=under)

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
        return whole_lines(self.out)

    def await_all(self, timeout=PROMPT_SECONDS):
        wait_until(lambda: len(self.arrived()) >= len(self.expected), "all lines to arrive", timeout)
        assert sorted(self.arrived()) == sorted(self.expected)

    def await_closed(self, path, timeout=20):
        wait_until(
            lambda: not any(opened.startswith(str(path)) for opened in self.agent.open_paths()),
            f"{path} to be let go",
            timeout,
        )

    def asleep(self):
        return self.agent.asleep()

    @contextlib.contextmanager
    def stopped(self):
        self.agent.stop()
        yield
        self.agent.start(under=self.under)


def make_with_inode(path, inode):
    """As far as the file system gives it again."""
    tried = [path.parent / f"tried-{n}" for n in range(100)]
    for each in tried:
        each.touch()
        if each.stat().st_ino == inode:
            break
    each.rename(path)
    for each in tried:
        each.unlink(missing_ok=True)


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


def delivering(follower):
    """For as long as a test lasts; in the end nothing is missing, and nothing comes twice."""
    yield follower
    follower.await_all()
    follower.agent.stop()
    follower.await_all()


@pytest.fixture
def follower(agent, logs, tmp_path):
    yield from delivering(Follower(agent, logs, tmp_path / "out"))


@pytest.fixture(params=["asleep", "stopped"])
def away(request, follower):
    """While the agent does not look; it goes on afterwards."""
    return getattr(follower, request.param)


@pytest.mark.parametrize("ending", ["numbers", "dates"])
def test_of_a_chain_the_oldest_is_read_first(follower, logs, ending):
    append(logs / "other.log", follower.lines())
    follower.await_all()
    names = {"numbers": [f"a.log.{n}" for n in range(10, 0, -1)], "dates": [f"a.log-202601{d:02}" for d in range(1, 11)]}
    with follower.stopped():
        already = len(follower.expected)
        for name in [*names[ending], "a.log"]:
            append(logs / name, follower.lines(6_000))  # more than is read in one turn
    follower.await_all()
    assert follower.arrived()[already:] == follower.expected[already:]


def test_rename_and_create(follower, away, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        append(logs / "a.log", follower.lines())
        (logs / "a.log").rename(logs / "a.log.1")
        append(logs / "a.log", follower.lines())
        append(logs / "a.log.1", follower.lines())


def test_a_chain_of_renames(follower, away, logs):
    for generation in range(10):
        append(logs / ("a.log" if generation == 0 else f"a.log.{generation}"), follower.lines())
    follower.await_all()
    with away():
        append(logs / "a.log", follower.lines())
        for generation in range(10, 0, -1):
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
    follower.await_all()
    append(tmp_path / "archive" / "a.log", follower.lines())  # of which no event tells


def test_a_file_that_moves_to_another_folder_that_is_watched(follower, away, logs):
    (logs / "archive").mkdir()
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        append(logs / "a.log", follower.lines())
        (logs / "a.log").rename(logs / "archive" / "matches-nothing")
        append(logs / "archive" / "matches-nothing", follower.lines())
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


@pytest.mark.parametrize("mode", ["a", "w"], ids=["appends", "keeps-its-offset"])
def test_copytruncate_under_a_writer_that_goes_on(follower, away, logs, tmp_path, mode):
    with open(logs / "a.log", mode) as writer:
        for copies, count in enumerate((5, 100, 5)):  # fewer bytes than before, and past the old offset
            writer.write(follower.lines())
            writer.flush()
            follower.await_all()
            with away():
                shutil.copy(logs / "a.log", tmp_path / f"copy-{copies}")
                hole = os.path.getsize(logs / "a.log") if mode == "w" else 0
                os.truncate(logs / "a.log", 0)
                writer.write(follower.lines(count))
                writer.flush()
                follower.expected[-count] = "\0" * hole + follower.expected[-count]
            follower.await_all()


def test_rewritten_with_the_very_same_bytes_it_is_the_same_file(follower, away, logs):
    append(logs / "a.log", text := follower.banner() + follower.lines())
    follower.await_all()
    with away():
        os.truncate(logs / "a.log", 0)
        append(logs / "a.log", text + follower.lines())


def test_truncated_to_a_smaller_size_sends_again_what_is_left(follower, away, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    left = follower.expected[:10]
    with away():
        os.truncate(logs / "a.log", sum(len(line) + 1 for line in left))
        append(logs / "a.log", follower.lines(5))
        follower.expected += left


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
            inode = path.stat().st_ino
            path.unlink()
            make_with_inode(path, inode)
            append(path, content[first]() + follower.lines())


def test_hard_links_are_one_file(follower, away, logs):
    append(logs / "a.log", follower.lines())
    follower.await_all()
    with away():
        os.link(logs / "a.log", logs / "b.log")
        append(logs / "b.log", follower.lines())
    follower.await_all()
    with away():
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


def test_a_linked_file_that_is_removed_and_made_again(follower, away, logs, tmp_path):
    append(tmp_path / "target", follower.lines())
    (logs / "a.log").symlink_to(tmp_path / "target")
    for _ in range(3):
        append(tmp_path / "target", follower.lines())
        follower.await_all()
        with away():
            (tmp_path / "target").unlink()
            append(tmp_path / "target", follower.lines())


def test_a_broken_link_that_is_mended(follower, logs, tmp_path):
    (logs / "a.log").symlink_to(tmp_path / "later")
    append(logs / "b.log", follower.lines())
    follower.await_all()
    append(tmp_path / "later", follower.lines())
    follower.await_all(SWEEP_SECONDS + 10)


def test_a_linked_folder(follower, logs, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (logs / "linked").symlink_to(tmp_path / "elsewhere")
    append(tmp_path / "elsewhere" / "a.log", follower.lines())
    follower.await_all()
    append(tmp_path / "elsewhere" / "a.log", follower.lines())


def test_a_linked_folder_that_points_to_another_each_day(follower, away, logs, tmp_path):
    for day in ("monday", "tuesday", "wednesday"):
        with away():
            (tmp_path / day).mkdir()
            append(tmp_path / day / "a.log", follower.lines())
            (tmp_path / "new").symlink_to(tmp_path / day)
            (tmp_path / "new").rename(logs / "today")
        follower.await_all()
        append(logs / "today" / "a.log", follower.lines())
        append(logs / "today" / "b.log", follower.lines())
        follower.await_all()


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


def test_the_folder_of_a_pattern_that_is_removed_and_made_again(follower, logs):
    """No event tells that it is gone before the deleted file that was in it is closed, after five seconds."""
    for n in (1, 2, 3):
        append(logs / "a.log", follower.lines())
        follower.await_all(timeout=4)
        with follower.asleep():
            shutil.rmtree(logs)
        wait_until(lambda: follower.agent.log_text().count("file is gone") == n, "the agent to see it")
        logs.mkdir()


def test_what_is_not_a_regular_file_is_passed_over_in_silence(follower, logs):
    os.mkfifo(logs / "pipe.log")
    (logs / "folder.log").mkdir()
    (logs / "null.log").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(logs / "socket.log"))
    append(logs / "a.log", follower.lines())
    follower.await_all()
    assert follower.agent.health() == "healthy" and "WARN" not in follower.agent.log_text()


# --- files that root may read, but the agent may not -------------------------------------------------------------


@pytest.fixture
def humble(agent, logs, tmp_path):
    """Its agent has no right that its user has not: not even root's to read everything."""
    under = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    yield from delivering(Follower(agent, logs, tmp_path / "out", under))


@pytest.fixture(params=["asleep", "stopped"])
def away_humbly(request, humble):
    return getattr(humble, request.param)


def sweep(logs):
    """A watched folder that goes makes the agent look at everything; else it does so within ten seconds."""
    (logs / "comes-and-goes").mkdir()
    time.sleep(0.3)
    (logs / "comes-and-goes").rmdir()


def test_a_file_that_becomes_readable_again(humble, away_humbly, logs):
    append(logs / "a.log", humble.lines())
    humble.await_all()
    with away_humbly():
        (logs / "a.log").chmod(0)
        append(logs / "b.log", "")
        (logs / "b.log").chmod(0)
        append(logs / "a.log", humble.lines())
        append(logs / "b.log", humble.lines())
    wait_until(lambda: "b.log: Permission denied" in humble.agent.reasons(), "status to say so")
    (logs / "a.log").chmod(0o600)
    (logs / "b.log").chmod(0o600)
    sweep(logs)
    humble.await_all()
    wait_until(lambda: humble.agent.health() == "healthy", "status to be healthy")


def test_a_folder_that_becomes_readable_again(humble, away_humbly, logs):
    folder = logs / "app"
    folder.mkdir()
    append(folder / "a.log", humble.lines())
    humble.await_all()
    with away_humbly():
        folder.chmod(0)
        append(folder / "a.log", humble.lines())
        append(folder / "b.log", humble.lines())
    sweep(logs)
    wait_until(lambda: f"cannot list {folder}: Permission denied" in humble.agent.reasons(), "status to say so")
    folder.chmod(0o700)
    sweep(logs)
    humble.await_all()
    assert humble.agent.health() == "healthy"
    assert "lost" not in humble.agent.log_text(), "nothing was gone"
    append(folder / "a.log", humble.lines())
    humble.await_all()


def test_a_folder_that_cannot_be_seen_for_a_while_keeps_its_files(humble, logs):
    """Half a line is not sent, as it would be of a file that is gone."""
    folder = logs / "app"
    folder.mkdir()
    append(folder / "a.log", humble.lines())
    humble.await_all()
    whole = humble.lines()
    half, rest = whole[:-10], whole[-10:]
    append(folder / "a.log", half)
    folder.chmod(0)
    sweep(logs)
    wait_until(lambda: f"cannot list {folder}: Permission denied" in humble.agent.reasons(), "status to say so")
    time.sleep(1)
    assert "file is gone" not in humble.agent.log_text()
    folder.chmod(0o700)
    append(folder / "a.log", rest)
    sweep(logs)
    humble.await_all()


# --- file systems of another kind --------------------------------------------------------------------------------


@pytest.fixture
def overlay(logs, tmp_path):
    overlay = Overlay(logs, tmp_path / "aside")
    if not overlay.is_mounted:
        pytest.skip("needs overlayfs in user namespaces")
    yield overlay
    overlay.unmount()


@pytest.fixture
def far(overlay, agent, logs, tmp_path):
    yield from delivering(Follower(agent, logs, tmp_path / "out", overlay.enter))


def test_a_file_system_without_events(far, logs):
    with far.stopped():
        for name in ("a.log", "b.log"):
            append(logs / name, far.lines())
    far.await_all()
    append(logs / "a.log", far.lines())
    os.truncate(logs / "b.log", 0)
    append(logs / "b.log", far.lines(5))
    (logs / "new").mkdir()
    append(logs / "new" / "c.log", far.lines())
    far.await_all(SWEEP_SECONDS + 10)


def test_a_device_that_has_another_number_after_a_restart(overlay, far, logs):
    def device():
        return {checkpoint["file_id"].split("-")[0] for checkpoint in far.agent.checkpoints()}

    with far.stopped():
        append(logs / "a.log", far.lines())
        append(logs / "b.log", far.banner())
    far.await_all()
    wait_until(lambda: len(far.agent.checkpoints()) == 2, "the checkpoints to be stored")
    before = device()
    with far.stopped():
        overlay.mount_again()
        append(logs / "a.log", far.lines())
        append(logs / "b.log", far.lines())
    far.await_all()
    assert "lost" not in far.agent.log_text()
    wait_until(lambda: len(far.agent.checkpoints()) == 2 and not device() & before, "the checkpoints to be replaced")
