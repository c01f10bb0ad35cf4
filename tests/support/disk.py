"""Disks of the agent's own, which only it sees, and which go with the test. They need user namespaces, but not root."""

import os
import pathlib
import subprocess


class _Mounts:
    """Namespaces that a process of ours keeps."""

    def __init__(self, command):
        self._keeper = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{command} && echo mounted && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.is_mounted = self._keeper.stdout.readline() == "mounted\n"

    @property
    def enter(self):
        """The command under which a program sees it."""
        return ["nsenter", "--user", "--preserve-credentials", "--mount", "--target", self._keeper.pid]

    def unmount(self):
        self._keeper.stdin.close()
        self._keeper.wait()


class SmallDisk(_Mounts):
    """A small tmpfs that can be filled."""

    def __init__(self, folder: pathlib.Path, size, options=""):
        folder.mkdir(parents=True)
        self._folder = folder
        super().__init__(f"mount -t tmpfs -o size={size},mode=700{options} small-disk {folder}")

    @property
    def outside(self):
        """Its folder for everybody else."""
        return pathlib.Path(f"/proc/{self._keeper.pid}/root{self._folder}")

    def fill(self, but=0):
        """Leaves `but` bytes free."""
        about = os.statvfs(self.outside)
        with open(self.outside / f"filler-{but}", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, about.f_bavail * about.f_bsize - but)

    def empty(self):
        for filler in self.outside.glob("filler-*"):
            filler.unlink()


class Overlay(_Mounts):
    """What others write in `folder` is seen through it, but brings no events (and what they rename it does not notice).
    Each mount is another device."""

    def __init__(self, folder: pathlib.Path, aside: pathlib.Path):
        bare, empty = aside / "bare", aside / "empty"
        for each in (bare, empty):
            each.mkdir(parents=True)
        self._mount = f"mount -t overlay -o lowerdir={bare}:{empty} overlay {folder}"
        super().__init__(f"mount --bind {folder} {bare} && {self._mount}")

    def mount_again(self):
        """On top of the one that is there, so that its device keeps its number."""
        subprocess.run([*map(str, self.enter), "sh", "-c", self._mount], check=True)
