"""Programs of other people's OpAMP libraries (tests/interop): they are told what to do on stdin, and tell what happens
on stdout, in JSON lines."""

import functools
import json
import os
import pathlib
import platform
import queue
import re
import subprocess
import tempfile
import threading
import time

from support.programs import TREE

_FOLDER = TREE / "tests/interop"
_GO = "go1.24.0"  # what opamp-go asks for
# Outside the tree: what Go and npm made, for all runs.
_CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "venus-tests/interop"


class Program:
    def __init__(self, *command, cwd=None):
        self.told = []
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def wait_for(self, what, true_of=lambda value: True, timeout=30):
        """The next fact of that name for which `true_of` holds; those before it are in `told`."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                fact = self._lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"waited {timeout} s in vain for {what}; told so far: {self.told[-20:]}") from None
            self.told.append(fact)
            if what in fact and true_of(fact[what]):
                return fact[what]

    def facts(self, what):
        while not self._lines.empty():
            self.told.append(self._lines.get())
        return [fact[what] for fact in self.told if what in fact]

    def say(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def stop(self, timeout=20):
        self.process.stdin.close()
        self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()


def go_program(name, *arguments):
    built = _CACHE / name
    _CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run([_go(), "build", "-mod=readonly", "-o", built, f"./{name}"], cwd=_FOLDER / "go", check=True)
    return Program(built, *arguments)


@functools.cache
def _go():
    """A Go that is new enough, or fetches one that is. Debian 12's does not by itself."""
    release = subprocess.check_output(["go", "env", "GOVERSION"], text=True).strip()
    if [int(part) for part in re.findall(r"\d+", release)[:2]] >= [1, 21]:
        return "go"
    module = f"golang.org/toolchain@v0.0.1-{_GO}.linux-{platform.machine().replace('x86_64', 'amd64')}"
    fetched = json.loads(subprocess.check_output(["go", "mod", "download", "-json", module]))
    toolchain = pathlib.Path(fetched["Dir"])
    for program in [*toolchain.glob("bin/*"), *toolchain.glob("pkg/tool/*/*")]:
        program.chmod(0o755)  # a module keeps no modes
    return toolchain / "bin/go"


def node_program(name, *arguments):
    modules = _CACHE / "js"
    lock = (_FOLDER / "js/package-lock.json").read_text()
    stamp = modules / "installed"
    if not stamp.exists() or stamp.read_text() != lock:
        modules.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            (modules / file).write_text((_FOLDER / "js" / file).read_text())
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
        stamp.write_text(lock)
    script = modules / f"{name}.js"  # beside its modules
    with tempfile.NamedTemporaryFile("w", dir=modules, delete=False) as fresh:
        fresh.write((_FOLDER / "js" / f"{name}.js").read_text())
    os.replace(fresh.name, script)
    return Program("node", script, *arguments)


def go_server(port=0):
    """opamp-go's server. Its facts: `connecting`, `message` (as protojson), `unreadable`; say() is answered by `obeyed`."""
    server = go_program("server", port)
    server.endpoint = f"http://{server.wait_for('address')}/v1/opamp"
    return server


def mock_server(**options):
    """Elastic's mock server; say() is answered by `requests`, all so far."""
    server = node_program("server", json.dumps(options))
    server.endpoint = f"http://{server.wait_for('address')}/v1/opamp"
    return server
