"""What a process cost."""

import os
import time


class Usage:
    """What one process cost from start to end."""

    def __init__(self, wall, rusage, lines):
        self.lines_per_second = lines / wall
        self.cpu_per_million = (rusage.ru_utime + rusage.ru_stime) / lines * 1e6
        self.peak_mib = rusage.ru_maxrss / 1024


def reap(process, timeout=120):
    """wait4() for a Popen; its rusage is that of this process alone."""
    deadline = time.monotonic() + timeout
    while True:
        pid, status, rusage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return rusage
        if time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{process.args[0]} did not end in {timeout} s")
        time.sleep(0.002)
