"""Images and containers, by buildah and podman, in a storage of their own: nothing of it stays on this machine."""

import pathlib
import subprocess
import tempfile

import pytest

from support.debian import CACHE, slim_root
from support.packages import output
from support.programs import TREE

BASE = "localhost/debian:12-slim"


class Containers:
    def __init__(self):
        CACHE.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="containers-", dir=CACHE))
        self._storage = ["--root", self.folder / "storage", "--runroot", self.folder / "run"]

    def close(self):
        self.podman("rm", "--all", "--force", "--time", "0", check=False)
        for mount in sorted(_mounts_below(self.folder), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        output("rm", "-rf", self.folder)

    def podman(self, *arguments, check=True, **options):
        done = subprocess.run(
            ["podman", *map(str, self._storage), "--cgroup-manager", "cgroupfs", "--runtime", "runc",
             "--events-backend", "none", *map(str, arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def import_base(self):
        """No registry is asked: what stands in for debian:12-slim is made here."""
        tar = self.folder / "base.tar"
        output("tar", "-C", slim_root(), "-cf", tar, ".")
        self.podman("import", tar, BASE)
        tar.unlink()

    def build(self, name, target):
        done = subprocess.run(
            ["buildah", *map(str, self._storage), "bud", "--isolation", "chroot", "--format", "docker", "--layers",
             "--build-arg", f"BASE={BASE}", "-f", "packaging/docker/Dockerfile", "--target", target, "-t", name, "."],
            cwd=TREE, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def run(self, name, image, *command, mounts=(), environment=(), options=()):
        """Starts a container on the host's network. `mounts`: "where:as what:ro"."""
        arguments = ["run", "--detach", "--name", name, "--network", "host", "--health-interval", "disable",
                     "--ulimit", "nofile=10000:10000", "--ulimit", "nproc=10000:10000", *options]  # fmt: skip
        for mount in mounts:
            arguments += ["--volume", mount]
        for variable in environment:
            arguments += ["--env", variable]
        done = self.podman(*arguments, *image, *command, check=False)
        if "OCI" in done.stderr and "not permitted" in done.stderr:
            pytest.skip(f"cannot run containers: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        return name

    def exit_code(self, name):
        return int(self.podman("inspect", name, "--format", "{{.State.ExitCode}}").stdout)

    def logs(self, name):
        done = self.podman("logs", name)
        return done.stdout + done.stderr


def _mounts_below(folder):
    lines = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    return [where for where in (line.split()[1] for line in lines) if where.startswith(f"{folder}/")]
