"""A Debian machine of its own: a root of its own, booted by systemd-nspawn with a real systemd.

It shares the kernel and the network of this one. It ends with this process's fixture, and its folder with it.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from support.debian import CACHE, machine_root
from support.packages import output
from support.wait import wait_until


class Machine:
    def __init__(self):
        base = machine_root()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="machine-", dir=CACHE))
        output("cp", "-a", "--reflink=auto", f"{base}/.", self.root)
        self.root.chmod(0o755)
        self._leader = None
        self._console = open(self.root.with_suffix(".console"), "w+b")
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--link-journal=no", "--console=pipe",
             "--resolv-conf=copy-host", "--system-call-filter=open_by_handle_at", "-D", self.root],
            stdin=subprocess.DEVNULL, stdout=self._console, stderr=self._console, start_new_session=True,
        )  # fmt: skip
        try:
            self._leader = wait_until(self._first_process, "the machine's first process", timeout=30)
            wait_until(self._is_up, "the machine to be up", timeout=60)
        except AssertionError:
            self._console.seek(0)
            said = self._console.read().decode(errors="replace").strip().splitlines()[-3:]
            self.close()
            pytest.skip(f"cannot boot a machine with systemd-nspawn: {' | '.join(said)}")

    def _first_process(self):
        assert self._nspawn.poll() is None, "systemd-nspawn has ended"
        children = pathlib.Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return next((int(pid) for pid in children if self._is_init(pid)), None)

    @staticmethod
    def _is_init(pid):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"

    def _is_up(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def close(self):
        """Switched off, not shut down: whatever is in there, it goes."""
        if self._nspawn.poll() is None:
            os.kill(self._leader or self._nspawn.pid, signal.SIGKILL)  # with the first process all others go
            self._nspawn.wait(60)
        self._console.close()
        self.root.with_suffix(".console").unlink()
        self.root.with_name(f".#{self.root.name}.lck").unlink(missing_ok=True)
        output("rm", "-rf", self.root)

    # --- what is done in it ---

    def run(self, *command, check=True, timeout=180):
        done = subprocess.run(
            ["nsenter", "-t", str(self._leader), "-a", "env", "-i", "DEBIAN_FRONTEND=noninteractive",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def path(self, inside):
        """Where a path of the machine is for us."""
        return self.root / str(inside).lstrip("/")

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def install(self, *packages):
        names = []
        for package in packages:
            shutil.copy(package, self.path("/root"))
            names.append(f"/root/{package.name}")
        return self.run("apt-get", "-q", "-y", "--allow-downgrades", "install", *names).stdout

    def unit(self, unit, property_):
        return self.run("systemctl", "show", "-P", property_, unit).stdout.strip()

    def main_pid(self, unit):
        """As it is called out here; 0: it does not run."""
        inside = self.unit(unit, "MainPID")
        if inside == "0":
            return 0
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                numbers = next(l for l in status.read_text().splitlines() if l.startswith("NSpid:")).split()[1:]
                ours = os.readlink(status.parent / "ns/pid") == os.readlink(f"/proc/{self._leader}/ns/pid")
            except OSError:
                continue
            if ours and numbers[-1] == inside:
                return int(status.parent.name)
        return 0

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout
