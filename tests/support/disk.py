"""A disk of the agent's own that can be filled: a small tmpfs which only it sees, and which goes with the test."""

import os
import pathlib
import subprocess


class SmallDisk:
    """Mounted in namespaces that a process of ours keeps; needs user namespaces, but not root."""

    def __init__(self, folder: pathlib.Path, size, options=""):
        folder.mkdir(parents=True)
        self._folder = folder
        mount = f"mount -t tmpfs -o size={size},mode=700{options} small-disk {folder} && echo mounted && exec cat"
        self._keeper = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.is_mounted = self._keeper.stdout.readline() == "mounted\n"

    @property
    def enter(self):
        """The command under which a program sees it."""
        return ["nsenter", "--user", "--preserve-credentials", "--mount", "--target", self._keeper.pid]

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

    def unmount(self):
        self._keeper.stdin.close()
        self._keeper.wait()
