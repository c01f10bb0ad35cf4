"""Roots of a Debian 12, made once by debootstrap and kept between runs. Not to be changed: who changes one copies it."""

import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

from support.packages import PROGRAMS, deb, field, output

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "venus-agent"
_MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
_MACHINE = ["systemd", "systemd-sysv", "dbus", "procps"]


def slim_root():
    """As small as the image debian:12-slim."""

    def make(root):
        output("debootstrap", "--variant=minbase", "bookworm", root, _MIRROR)

    return _kept("slim", "", make)


def machine_root():
    """It can be booted, and has what our packages depend on."""
    depends = sorted({part.strip() for name in PROGRAMS for part in field(deb(name), "Depends").split(",")})

    def make(root):
        output("cp", "-a", "--reflink=auto", slim_root(), root)
        inside = ["chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
        output(*inside, "update")
        output(*inside, "satisfy", "--no-install-recommends", ", ".join([*_MACHINE, *depends]))
        output(*inside, "clean")

    return _kept("machine", f"{_MACHINE} {depends}", make)


def _kept(kind, what, make):
    root = CACHE / f"debian-12-{kind}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
    if root.exists():
        return root
    for old in CACHE.glob(f"debian-12-{kind}-*"):
        shutil.rmtree(old)
    fresh = root.with_name(f"{root.name}.new-{os.getpid()}")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    try:
        make(fresh)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        said = (error.stdout + error.stderr).strip().splitlines()[-3:]
        pytest.skip(f"cannot make a Debian root with {error.cmd[0]}: {' | '.join(said)}")
    fresh.rename(root)
    return root
