"""The built venus-center as a test sees it: a config file, a process, its API."""

import json
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

from support.agent import free_port, to_toml
from support.programs import CENTER
from support.wait import wait_until

ADMIN_TOKEN = "the-first-operator-of-these-tests"


class Refused(Exception):
    """An answer that is not 2xx: `status` and the JSON `body`."""

    def __init__(self, status, body, headers):
        super().__init__(f"{status}: {body}")
        self.status, self.body, self.headers = status, body, headers


class Center:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.config = folder / "center.toml"
        self.log = folder / "center.log"
        self.data_dir = folder / "data"
        self.agents_port, self.api_port = free_port(), free_port()
        self.process = None

    def configure(self, auth=None, tls=None, store=None, **center):
        document = {
            "center": {
                "listen_agents": f"127.0.0.1:{self.agents_port}",
                "listen_api": f"127.0.0.1:{self.api_port}",
                "data_dir": str(self.data_dir),
                "heartbeat_interval": "1s",
                **center,
            },
            "auth": {"admin_token": ADMIN_TOKEN, "enrolment": "open", **(auth or {})},
        }
        if tls:
            document["tls"] = tls
        if store:
            document["store"] = store
        self.config.write_text(to_toml(document))
        return self

    def start(self, wait=True):
        """With `wait`, until it answers: one that does not lead does not."""
        if not self.config.exists():
            self.configure()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [CENTER, "run", "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            wait_until(self.answers, "the center to answer", timeout=20)
        return self

    def answers(self):
        assert self.running, f"the center ended with {self.process.returncode}:\n{self.log_tail()}"
        try:
            self.agents()
            return True
        except OSError:
            return False

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=30):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        assert code == 0, f"ended with {code}:\n{self.log_tail()}"

    def kill(self):
        if self.running:
            self.process.kill()
            self.process.wait()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=60):
        text = self.log_text()
        return "\n".join(text.splitlines()[-lines:])

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.agents_port}/v1/opamp"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api_port}"

    # --- its API ---

    def call(self, method, path, body=None, token=ADMIN_TOKEN):
        """The answer's JSON (or text). `body`: a dict is sent as JSON, a string as it is."""
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", method=method, data=data.encode() if data is not None else None)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return _decoded(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _decoded(error.read()), error.headers) from None

    def put_pipeline(self, name, include, sink, **source):
        include = [str(i) for i in (include if isinstance(include, list) else [include])]
        table = {"name": name, "source": {"type": "file", "include": include, **source}, "sink": sink}
        return self.call("PUT", f"pipelines/{name}", to_toml(table))

    def put_group(self, name, *pipelines, selector=""):
        return self.call("PUT", f"groups/{name}", {"selector": selector, "pipelines": list(pipelines)})

    def roll_out(self, group, stages=({"percent": 100},), wait=True, **options):
        """One that goes on is aborted: those that it reached keep what they have."""
        for rollout in self.call("GET", "rollouts"):
            if rollout["group"] == group and rollout["state"] in ("running", "paused"):
                self.call("POST", f"rollouts/{rollout['id']}/abort")
        started = self.call("POST", "rollouts", {"group": group, "stages": list(stages), **options})
        if wait:
            self.wait_for_rollout(started["id"], "done")
        return started["id"]

    def rollout(self, number):
        return self.call("GET", f"rollouts/{number}")

    def wait_for_rollout(self, number, state, timeout=60):
        return wait_until(
            lambda: (now := self.rollout(number))["state"] == state and now, f"rollout {number} to be {state}", timeout
        )

    def audit(self):
        return self.call("GET", "audit")

    def agents(self):
        answer = self.call("GET", "agents")
        return answer["agents"] if isinstance(answer, dict) else answer

    def agent(self, name):
        return next((one for one in self.agents() if name in (one["name"], one["id"])), None)


def _decoded(body):
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
