"""What a hostile center, or somebody in between, may try with an agent: refused, said, and nothing of it is done."""

import base64
import hashlib
import json
import pathlib
import subprocess
import time

import pytest
from support.agent import pipeline, to_toml
from support.interop import go_server
from support.wait import stays, wait_until


@pytest.fixture
def server():
    program = go_server()
    yield program
    program.kill()


@pytest.fixture
def managed(agent, server, logs, tmp_path):
    """An agent of the server that may read `logs/app`; the keys are its [center] table's."""

    def make(**center):
        (logs / "app").mkdir()
        (logs / "app" / "a.log").write_text("one\n")
        (tmp_path / "secret").write_text("private\n")
        center = {"endpoint": server.endpoint, "heartbeat_interval": "1s", "probation": "1s", **center}
        return agent.configure(center=center, allow_paths=[f"{logs}/app/**"]).start()

    return make


@pytest.fixture
def key(tmp_path):
    """An Ed25519 key: sign(bytes), and its public half as PEM."""

    class Key:
        path = tmp_path / "key.pem"

        def __init__(self):
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True)
            self.public = subprocess.check_output(["openssl", "pkey", "-in", self.path, "-pubout"], text=True)

        def sign(self, data):
            message = tmp_path / "message"
            message.write_bytes(data)
            return subprocess.check_output(
                ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", message]
            )

    return Key()


def reading(path, out):
    return {"p.toml": to_toml({"pipelines": [pipeline("p", path, {"type": "file", "path": str(out)})]})}


def signed(files, key, revision, expires=None):
    manifest = json.dumps(
        {
            "revision": revision,
            "expires": expires or int(time.time()) + 3600,
            "files": {name: hashlib.sha256(body.encode()).hexdigest() for name, body in files.items()},
        }
    )
    return {
        **files,
        "manifest.json": manifest,
        "manifest.sig": base64.b64encode(key.sign(manifest.encode())).decode(),
    }


def offer(server, files):
    server.say(Files=files)


def outcome(server, state):
    """The next word on the offered config that is APPLIED or FAILED."""

    def final(message):
        return message.get("remoteConfigStatus", {}).get("status", "").endswith(("APPLIED", "FAILED"))

    status = server.wait_for("message", final)["remoteConfigStatus"]
    assert status["status"].endswith(state), status
    return status.get("errorMessage", "")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "{logs}/app/../../secret", "/**/*", "{logs}/app*/x", "{logs}/app/folder/*", "{logs}/app/folder/secret"]
)
def test_a_path_outside_of_allow_paths_is_refused(server, managed, logs, tmp_path, path):
    managed()
    (logs / "app" / "folder").symlink_to(tmp_path)
    server.wait_for("message")
    offer(server, reading(path.format(logs=logs), tmp_path / "out"))
    assert outcome(server, "FAILED")
    assert not (tmp_path / "out").exists()


def test_a_link_that_leads_out_of_allow_paths_is_not_followed(server, managed, logs, tmp_path):
    agent = managed()
    (logs / "app" / "link.log").symlink_to(tmp_path / "secret")
    (logs / "app" / "folder").symlink_to(tmp_path)
    offer(server, reading(logs / "app" / "**" / "*", tmp_path / "out"))
    outcome(server, "APPLIED")
    out = tmp_path / "out"
    wait_until(lambda: out.exists() and "one" in out.read_text(), "what may be read")
    (logs / "app" / "late.log").symlink_to(tmp_path / "secret")
    stays(lambda: "private" not in out.read_text(), "the secret stays one", 3)
    assert "allow_paths" in agent.log_text()
    told = [message["health"] for message in server.facts("message") if "health" in message]
    assert any("allow_paths" in health.get("lastError", "") and not health.get("healthy") for health in told), told


@pytest.mark.parametrize(
    "sink", ["/etc/cron.d/x", "/root/.ssh/{path.name}", "/{path.name}", "/tmp/{path.name}/../../etc/x", "{data}/central-good", "{folder}/var/x"]
)
def test_a_sink_that_writes_where_programs_look_is_refused(server, managed, logs, sink):
    agent = managed()
    (agent.folder / "var").symlink_to("/var")
    offer(server, reading(logs / "app" / "*.log", sink.replace("{data}", str(agent.data_dir)).replace("{folder}", str(agent.folder))))
    assert "sink.path" in outcome(server, "FAILED")


def test_a_link_does_not_lead_a_sink_out_of_allow_sink_paths(server, managed, logs, tmp_path):
    agent = managed()
    (tmp_path / "out").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "out" / "a.log").symlink_to("/var")
    offer(server, reading(logs / "app" / "*.log", f"{tmp_path}/out/{{path.name}}/venus-hostile/x"))
    outcome(server, "APPLIED")
    wait_until(lambda: "allow_sink_paths" in agent.log_text(), "the sink to refuse")
    assert not pathlib.Path("/var/venus-hostile").exists()


def test_a_secret_is_taken_from_its_folder_only(server, managed, logs, tmp_path):
    managed()
    for secret in ("${file:/etc/shadow}", "${file:../secret}", "${env:HOME}"):
        files = reading(logs / "app" / "*.log", tmp_path / "out")
        files["c.toml"] = f'[clusters.main]\nbrokers = ["a:1"]\nproperties = {{ "sasl.password" = "{secret}" }}\n'
        offer(server, files)
        assert "sasl.password" in outcome(server, "FAILED")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "password").write_text("hunter2")
    shown = reading(logs / "app" / "*.log", f"{tmp_path}/${{file:password}}")
    offer(server, shown)
    assert "may not be a reference" in outcome(server, "FAILED")


def test_with_a_verify_key_only_what_its_owner_signed_is_taken(server, managed, logs, tmp_path, key):
    agent = managed(verify_key=key.public)
    files = reading(logs / "app" / "*.log", tmp_path / "out")
    offer(server, files)
    assert "not signed" in outcome(server, "FAILED")
    good = signed(files, key, revision=100)
    offer(server, {**good, "manifest.sig": base64.b64encode(b"x" * 64).decode()})
    assert "signature" in outcome(server, "FAILED")
    offer(server, {**good, "p.toml": good["p.toml"] + "# more\n"})
    assert "manifest" in outcome(server, "FAILED")
    offer(server, signed({**files, "p.toml": files["p.toml"] + "# old\n"}, key, revision=100, expires=1_700_000_000))
    assert "expired" in outcome(server, "FAILED")
    offer(server, good)
    outcome(server, "APPLIED")
    offer(server, signed({**files, "p.toml": files["p.toml"] + "# replayed\n"}, key, revision=99))
    assert "revision" in outcome(server, "FAILED")
    assert agent.status()["center"]["revision"] == 100


def test_garbage_and_what_is_too_large_are_refused(server, managed, logs, tmp_path):
    agent = managed()
    for files in ({"x.toml": "\0\1\2"}, {"x.toml": "[" * 100_000}, {"x.toml": "# " + "x" * (2 << 20)}):
        offer(server, files)
        assert outcome(server, "FAILED")
    offer(server, {f"{number}.toml": "#" + "x" * 1_000_000 for number in range(40)})  # more than a message may have
    wait_until(lambda: agent.metric("heartbeats_total", result="failed") > 0, "the answer to be refused")
    offer(server, reading(logs / "app" / "*.log", tmp_path / "out"))
    wait_until(lambda: (tmp_path / "out").exists(), "a good config to be applied all the same", 60)
