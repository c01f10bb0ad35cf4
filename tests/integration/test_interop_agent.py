"""The agent against OpAMP servers that nobody here wrote: opamp-go's, and Elastic's mock server."""

import base64
import time

import pytest
from support.agent import pipeline, to_toml
from support.interop import go_server, mock_server
from support.lines import whole_lines
from support.wait import wait_until

CAPABILITIES = {"ReportsStatus": 0x1, "AcceptsRemoteConfig": 0x2, "ReportsEffectiveConfig": 0x4,
                "ReportsRemoteConfig": 0x1000, "ReportsHealth": 0x800, "ReportsHeartbeat": 0x2000}  # fmt: skip


@pytest.fixture
def server():
    program = go_server()
    yield program
    program.kill()


@pytest.fixture
def managed(new_agent, logs):
    """An agent that asks the server at `endpoint`; it may read `logs`."""

    def make(endpoint, *pipelines, name="agent", **center):
        agent = new_agent(name)
        center = {"endpoint": endpoint, "heartbeat_interval": "1s", "probation": "1s", **center}
        return agent.configure(*pipelines, center=center, allow_paths=[f"{logs}/**"]).start()

    return make


def central_file(logs, out, name="central", log="a.log"):
    return to_toml({"pipelines": [pipeline(name, logs / log, {"type": "file", "path": str(out)})]})


def status_of(state):
    return lambda message: message.get("remoteConfigStatus", {}).get("status") == f"RemoteConfigStatuses_{state}"


def lines_of(path):
    return whole_lines(path)


def test_the_first_message_of_an_agent_has_its_full_state(server, managed):
    managed(server.endpoint, token="abc")
    assert server.wait_for("connecting")["authorization"] == "Bearer abc"
    first = server.wait_for("message")
    uid = base64.b64decode(first["instanceUid"])
    assert len(uid) == 16 and uid[6] >> 4 == 7, "a UUIDv7"
    for name, bit in CAPABILITIES.items():
        assert int(first["capabilities"]) & bit, name
    about = {one["key"]: one["value"]["stringValue"] for one in first["agentDescription"]["identifyingAttributes"]}
    assert about["service.name"] == "venus-agent"
    assert {"health", "effectiveConfig", "agentDescription"} <= first.keys()


def test_an_idle_heartbeat_is_small_and_has_a_number(server, managed):
    managed(server.endpoint)
    quiet = server.wait_for("message", lambda m: m.keys() == {"instanceUid", "sequenceNum", "capabilities"})
    following = server.wait_for("message")
    assert int(following["sequenceNum"]) == int(quiet["sequenceNum"]) + 1
    assert int(server.facts("connecting")[-1]["length"]) < 60


def test_an_offered_config_is_applied_and_reported_once(server, managed, logs, tmp_path):
    (logs / "a.log").write_text("one\n")
    managed(server.endpoint)
    server.wait_for("message")
    server.say(Files={"": central_file(logs, tmp_path / "out")})
    server.wait_for("message", status_of("APPLYING"))
    applied = server.wait_for("message", status_of("APPLIED"))
    effective = [message["effectiveConfig"] for message in server.facts("message") if "effectiveConfig" in message][-1]
    bodies = [base64.b64decode(file["body"]).decode() for file in effective["configMap"]["configMap"].values()]
    assert any("central" in body for body in bodies)
    wait_until(lambda: lines_of(tmp_path / "out") == ["one"], "the line")
    # The server offers it in each answer: the same hash is nothing new.
    quiet = server.wait_for("message", lambda m: m.keys() == {"instanceUid", "sequenceNum", "capabilities"})
    assert int(quiet["sequenceNum"]) > int(applied["sequenceNum"])


def test_a_config_that_cannot_be_applied_is_reported_and_changes_nothing(server, managed, logs, tmp_path):
    (logs / "a.log").write_text("one\n")
    agent = managed(server.endpoint)
    server.say(Files={"good.toml": central_file(logs, tmp_path / "out")})
    server.wait_for("message", status_of("APPLIED"))
    server.say(Files={"bad.toml": "[[pipelines]]\nnmae = 'x'\n"})
    failed = server.wait_for("message", status_of("FAILED"))
    assert "bad.toml" in failed["remoteConfigStatus"]["errorMessage"]
    assert "nmae" in failed["remoteConfigStatus"]["errorMessage"]
    with (logs / "a.log").open("a") as log:
        log.write("two\n")
    wait_until(lambda: lines_of(tmp_path / "out") == ["one", "two"], "what ran to run on")
    center = agent.status()["center"]
    assert center["apply_status"] == "failed" and "nmae" in center["apply_error"]


def test_full_state_is_reported_again_when_it_is_asked_for(server, managed):
    managed(server.endpoint)
    server.wait_for("message", lambda m: "agentDescription" not in m)
    server.say(ReportFullState=True)
    again = server.wait_for("message", lambda m: "agentDescription" in m)
    assert {"health", "effectiveConfig"} <= again.keys()


def test_a_new_uid_is_taken_and_kept_over_a_restart(server, managed):
    agent = managed(server.endpoint)
    first = server.wait_for("message")
    new = bytes.fromhex("0199aaaabbbb7ccc8ddd0123456789ab")
    server.say(NewUid=base64.b64encode(new).decode())
    taken = server.wait_for("message", lambda m: m["instanceUid"] != first["instanceUid"])
    assert base64.b64decode(taken["instanceUid"]) == new
    agent.stop()
    server.wait_for("message", lambda m: "agentDisconnect" in m)
    agent.start()
    after = server.wait_for("message")
    assert base64.b64decode(after["instanceUid"]) == new


def test_connection_settings_set_the_interval_and_the_credential(server, managed):
    agent = managed(server.endpoint, token="first", heartbeat_interval="1s")
    server.wait_for("message")
    server.say(Heartbeat=3, Token="mine")
    server.wait_for("connecting", lambda c: c["authorization"] == "Bearer mine")
    begin = time.monotonic()
    for _ in range(2):
        server.wait_for("connecting")
    assert time.monotonic() - begin > 4, "two intervals of 3 s, each 10 % shorter at most"
    agent.stop()
    agent.start()
    server.wait_for("connecting", lambda c: c["authorization"] == "Bearer mine")
    server.say(Status=401)
    server.wait_for("connecting", lambda c: c["authorization"] == "Bearer first")


@pytest.mark.parametrize("refusal", [{"Status": 503, "RetryAfter": 3}, {"Error": "Unavailable", "RetryNanos": 3_000_000_000}])
def test_a_server_that_has_no_time_is_left_alone_for_as_long_as_it_says(server, managed, refusal):
    managed(server.endpoint)
    server.wait_for("message")
    server.say(**refusal)
    server.wait_for("obeyed")
    server.wait_for("connecting")
    begin = time.monotonic()
    server.wait_for("connecting")
    assert time.monotonic() - begin > 2.8
    server.say(Status=0, Error="")
    server.wait_for("message", timeout=60)


def test_lines_flow_while_the_server_is_away_and_over_restarts(server, managed, logs, tmp_path):
    log = logs / "a.log"
    log.write_text("one\n")
    agent = managed(server.endpoint)
    server.say(Files={"": central_file(logs, tmp_path / "out")})
    server.wait_for("message", status_of("APPLIED"))
    server.kill()
    with log.open("a") as file:
        file.write("two\n")
    wait_until(lambda: lines_of(tmp_path / "out") == ["one", "two"], "the line")
    agent.stop()
    with log.open("a") as file:
        file.write("three\n")
    agent.start()
    wait_until(lambda: lines_of(tmp_path / "out") == ["one", "two", "three"], "the last known good config")
    center = agent.status()["center"]
    assert not center["connected"] and center["config_age_seconds"] >= 0


def test_mock_server_offers_and_the_agent_applies(managed, logs, tmp_path):
    (logs / "a.log").write_text("one\n")
    server = mock_server(files={"central": central_file(logs, tmp_path / "out")})
    managed(server.endpoint)

    def requests():
        server.say()
        return server.wait_for("requests")

    def applied(request):
        return (request["message"].get("remoteConfigStatus") or {}).get("status") == 1

    wait_until(lambda: any(applied(request) for request in requests()), "the config to be applied", every=0.3)
    wait_until(lambda: lines_of(tmp_path / "out") == ["one"], "the line")
    assert all(request["status"] == 200 for request in requests())
    server.kill()


@pytest.mark.parametrize("mode", ["server_error_response_unknown", "server_error_response_unavailable"])
def test_mock_server_in_a_bad_mode_does_not_disturb_the_lines(managed, logs, tmp_path, mode):
    (logs / "a.log").write_text("one\n")
    server = mock_server(badMode=mode)
    local = pipeline("local", logs / "a.log", {"type": "file", "path": str(tmp_path / "out")})
    agent = managed(server.endpoint, local)
    wait_until(lambda: agent.metric("heartbeats_total", result="refused") > 0, "a heartbeat that failed")
    wait_until(lambda: lines_of(tmp_path / "out") == ["one"], "the line")
    assert not agent.status()["center"]["connected"]
    server.kill()
