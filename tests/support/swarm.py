"""A swarm of simulated agents (tests/support/swarm)."""

import json
import subprocess
import threading

from support.programs import SWARM


class Swarm:
    def __init__(self, endpoint, agents, interval=5000, token=None, fail_every=0, labels=None):
        command = [SWARM, "--url", endpoint, "--agents", str(agents), "--interval", str(interval)]
        if token:
            command += ["--token", token]
        if fail_every:
            command += ["--fail-every", str(fail_every)]
        for key, value in (labels or {}).items():
            command += ["--label", f"{key}={value}"]
        self.seconds = []  # what it told, one entry a second
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.seconds.append(json.loads(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def now(self):
        return self.seconds[-1] if self.seconds else {"answers": 0, "errors": 0, "running": {}}
