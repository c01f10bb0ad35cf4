"""venus-center by itself: its API, its store, its rules for agents (made by hand, see support/opamp.py)."""

import base64
import gzip
import hashlib
import http.client
import json
import os
import ssl
import subprocess
import time
import urllib.request

import pytest

from support.center import ADMIN_TOKEN, Refused
from support.certificates import Authority
from support.opamp import ACCEPTS_CONFIG, APPLIED, FakeAgent, field, fields
from support.programs import CENTER, TREE
from support.wait import wait_until

NGINX = 'name = "nginx"\n[source]\ninclude = ["/var/log/nginx/*.log"]\n[sink]\ntype = "blackhole"\n'


def refused(call, *arguments, **options):
    with pytest.raises(Refused) as error:
        call(*arguments, **options)
    return error.value


def offered_to(agent, center, stages=({"percent": 100},), group="all"):
    """A rollout of nginx to the agent, up to where it has been sent its config."""
    center.call("PUT", "pipelines/nginx", NGINX)
    center.put_group(group, "nginx")
    number = center.roll_out(group, stages, wait=False)
    wait_until(lambda: agent.beat() and agent.files, "the offer")
    return number


# --- pipelines, clusters, groups ---


def test_each_changed_body_makes_a_revision_and_an_unchanged_one_does_not(center):
    first = center.call("PUT", "pipelines/nginx", NGINX)
    assert first["name"] == "nginx" and first["revision"] == 1 and len(first["hash"]) == 64
    assert center.call("PUT", "pipelines/nginx", NGINX) == first
    second = center.call("PUT", "pipelines/nginx", NGINX + "# changed\n")
    assert second["revision"] == 2 and second["hash"] != first["hash"]
    assert center.call("PUT", "pipelines/nginx", NGINX)["hash"] == first["hash"]  # back again: by its content
    assert [r["revision"] for r in center.call("GET", "pipelines/nginx/revisions")] == [3, 2, 1]
    assert center.call("GET", "pipelines/nginx/revisions/2") == NGINX + "# changed\n"
    assert center.call("GET", "pipelines/nginx") == NGINX
    diff = center.call("GET", "pipelines/nginx/diff?from=1&to=2")
    assert "\n+# changed\n" in diff["diff"] and diff["from"] == 1


def test_a_bad_pipeline_is_refused_with_every_error_and_its_place(center):
    bad = 'name = "nginx"\nnonsense = 1\n[source]\ninclude = ["relative.log"]\n[sink]\ntype = "blackhole"\n'
    error = refused(center.call, "PUT", "pipelines/nginx", bad)
    assert error.status == 400
    places = {(d["line"], d["key"]) for d in error.body["details"]}
    assert (2, "nonsense") in places and any(line == 4 and "include" in key for line, key in places)
    assert refused(center.call, "GET", "pipelines/nginx").status == 404
    for body in ("", "[agent]\n", 'name = "other"\n' + NGINX.split("\n", 1)[1], "\x00\xff", "[[[["):
        assert refused(center.call, "PUT", "pipelines/nginx", body).status == 400
    kafka = NGINX.replace('"blackhole"', '"kafka"\ncluster = "main"\ntopic = "t"')
    assert "main" in str(refused(center.call, "PUT", "pipelines/nginx", kafka).body)


@pytest.mark.parametrize("name", ["..", "A", "-a", "a%2fb", "a" * 64, "a b", "%00"])
def test_names_that_are_none_are_refused(center, name):
    error = refused(center.call, "PUT", f"pipelines/{name.replace(' ', '%20')}", NGINX)
    assert error.status in (400, 404)


def test_a_body_that_is_too_large_is_refused(center):
    assert refused(center.call, "PUT", "pipelines/nginx", NGINX + "#" * 300_000).status == 400


def test_clusters_have_revisions_and_no_secrets(center):
    made = center.call("PUT", "clusters/main", {"brokers": ["127.0.0.1:9092"], "properties": {"linger.ms": 5}})
    assert made["revision"] == 1
    same = {"properties": {"linger.ms": 5}, "brokers": ["127.0.0.1:9092"]}
    assert center.call("PUT", "clusters/main", same)["revision"] == 1
    error = refused(center.call, "PUT", "clusters/main", {"brokers": ["b:1"], "properties": {"sasl.password": "x"}})
    assert error.status == 400 and "secret" in error.body["details"][0]["message"]
    secret = {"brokers": ["b:1"], "properties": {"sasl.password": "${file:kafka}"}}
    assert center.call("PUT", "clusters/main", secret)["revision"] == 2
    assert refused(center.call, "PUT", "clusters/main", {"brokers": ["b:1"], "properties": {"no.such": 1}}).status == 400
    assert refused(center.call, "PUT", "clusters/main", {}).status == 400


def test_a_selector_that_is_wrong_is_refused_with_its_column(center):
    error = refused(center.put_group, "a", selector='app = "x", idc ?')
    assert error.status == 400 and error.body["details"][0]["key"] == "selector"
    assert error.body["details"][0]["column"] == 16


def test_groups_that_could_bring_an_agent_two_revisions_are_refused(center):
    center.call("PUT", "pipelines/nginx", NGINX)
    center.put_group("a", "nginx", selector='app = "x"')
    error = refused(center.put_group, "b", "nginx", selector='idc = "y"')
    assert error.status == 400 and "groups b and a conflict" in error.body["error"]
    center.put_group("b", "nginx", selector='app != "x"')
    assert refused(center.put_group, "c", "missing").status == 400


def test_what_is_in_use_is_not_deleted(center):
    center.call("PUT", "clusters/main", {"brokers": ["127.0.0.1:9092"]})
    kafka = NGINX.replace('"blackhole"', '"kafka"\ncluster = "main"\ntopic = "t"')
    center.call("PUT", "pipelines/nginx", kafka)
    center.put_group("a", "nginx")
    assert "group a" in refused(center.call, "DELETE", "pipelines/nginx").body["error"]
    assert refused(center.call, "DELETE", "clusters/main").status == 409
    center.roll_out("a")
    assert refused(center.call, "DELETE", "groups/a").status == 409
    center.put_group("a")
    center.roll_out("a")
    center.call("DELETE", "groups/a")
    center.call("DELETE", "pipelines/nginx")
    center.call("DELETE", "clusters/main")
    assert center.call("GET", "pipelines") == []
    assert center.call("PUT", "pipelines/nginx", NGINX)["revision"] == 2  # goes on counting


# --- who may do what ---


def test_each_role_may_do_what_it_may(center):
    tokens = {
        role: center.call("POST", "tokens", {"kind": "operator", "role": role, "name": f"the-{role}"})["secret"]
        for role in ("viewer", "editor", "admin")
    }
    for role, put, tokens_of in (("viewer", 403, 403), ("editor", 200, 403), ("admin", 200, 200)):
        def status(method, path, body=None):
            try:
                center.call(method, path, body, token=tokens[role])
                return 200
            except Refused as error:
                return error.status

        assert status("GET", "pipelines") == 200
        assert status("PUT", "pipelines/nginx", NGINX + f"# {role}\n") == put
        assert status("GET", "tokens") == tokens_of
    assert {entry["who"] for entry in center.call("GET", "audit")} == {"admin", "the-editor", "the-admin"}


def test_without_a_good_token_nothing_is_shown(center):
    for token in ("", "wrong", "vop_0123456789abcdef_00", ADMIN_TOKEN + "x"):
        assert refused(center.call, "GET", "pipelines", token=token).status == 401
    with urllib.request.urlopen(f"{center.url}/healthz") as answer:
        assert answer.read() == b"ok\n"


def test_tokens_are_kept_as_hashes_shown_once_and_can_be_taken_back(center):
    made = center.call("POST", "tokens", {"kind": "operator", "role": "viewer", "name": "ann"})
    assert "secret" not in center.call("GET", "tokens")[0]
    center.call("GET", "pipelines", token=made["secret"])
    center.call("DELETE", f"tokens/{made['id']}")
    assert refused(center.call, "GET", "pipelines", token=made["secret"]).status == 401
    center.stop()
    for path in center.data_dir.rglob("*"):
        if path.is_file():
            assert made["secret"].encode() not in path.read_bytes(), path


def test_an_expired_token_is_none(center):
    made = center.call("POST", "tokens", {"kind": "operator", "role": "viewer", "expires": "1s"})
    center.call("GET", "pipelines", token=made["secret"])
    time.sleep(1.1)
    assert refused(center.call, "GET", "pipelines", token=made["secret"]).status == 401


def test_guessing_tokens_is_slowed_down(center):
    statuses = [refused(center.call, "GET", "pipelines", token="guess") for _ in range(40)]
    assert statuses[0].status == 401 and statuses[-1].status == 429 and statuses[-1].headers["Retry-After"]


def test_every_change_is_in_the_audit_log_and_a_refused_one_is_not(center):
    center.call("PUT", "pipelines/nginx", NGINX)
    refused(center.call, "PUT", "pipelines/nginx", "bad")
    center.call("PUT", "pipelines/nginx", NGINX)  # unchanged
    center.put_group("a", "nginx")
    entries = center.call("GET", "audit")
    assert [(e["action"], e["target"], e["who"]) for e in entries] == [
        ("group.put", "a", "admin"), ("pipeline.put", "nginx", "admin")]  # fmt: skip
    assert [e["number"] for e in center.call("GET", f"audit?before={entries[0]['number']}")] == [1]


# --- restarts ---


def test_a_restart_keeps_everything(center):
    center.call("PUT", "pipelines/nginx", NGINX)
    center.call("PUT", "clusters/main", {"brokers": ["127.0.0.1:9092"]})
    center.put_group("a", "nginx", selector='app = "x"')
    center.roll_out("a")
    made = center.call("POST", "tokens", {"kind": "operator", "role": "editor", "name": "ann"})
    paths = ["pipelines", "pipelines/nginx/revisions", "clusters", "clusters/main", "groups", "rollouts", "tokens", "audit"]
    before = {path: center.call("GET", path) for path in paths}
    revision = center.call("GET", "status")["revision"]
    center.stop()
    center.start()
    assert {path: center.call("GET", path) for path in paths} == before
    assert center.call("GET", "status")["revision"] == revision
    center.call("PUT", "pipelines/nginx", NGINX + "#\n", token=made["secret"])
    assert center.call("GET", "status")["revision"] > revision


def test_killed_at_any_instant_it_keeps_what_it_said_was_done(center):
    for number in range(1, 6):
        done = 0
        try:
            for change in range(1, 200):
                if change == 5 * number:
                    center.process.kill()
                done = center.call("PUT", "pipelines/nginx", NGINX + f"# {number} {change}\n")["revision"]
        except (OSError, http.client.HTTPException):
            pass
        center.process.wait()
        center.start()
        assert len(center.call("GET", "pipelines/nginx/revisions")) >= done
        assert center.call("GET", "audit")[0]["detail"] == f"revision {center.call('GET', 'pipelines')[0]['revision']}"


# --- agents ---


def test_an_agent_is_asked_for_its_state_and_shown(center):
    agent = FakeAgent(center.endpoint, labels={"app": "player"}, name="web-1")
    agent.beat()
    assert agent.sequence == 2  # the first was empty: it was asked
    (shown,) = center.agents()
    assert shown["id"] == agent.id and shown["name"] == "web-1" and shown["labels"] == {"app": "player"}
    assert shown["online"] and shown["version"] == "9" and shown["apply_status"] == ""
    assert center.call("GET", "agents/web-1")["id"] == agent.id
    assert center.call("GET", f"agents/{agent.id}")["effective_config"] == {}
    assert agent.settings[0][4] == [1]  # heartbeat_interval
    agent.sequence += 1  # one is lost
    agent.beat()
    assert agent.sequence == 5  # so it was asked again
    agent.beat(disconnect=True)
    assert not center.agents()[0]["online"]


def test_an_idle_heartbeat_has_a_short_answer_and_writes_nothing(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    agent.beat()
    before = {p: p.stat().st_mtime_ns for p in center.data_dir.rglob("*")}
    for _ in range(20):
        _, _, body = agent.post(agent.message())
        assert len(body) < 40
    assert {p: p.stat().st_mtime_ns for p in center.data_dir.rglob("*")} == before


def test_a_config_is_offered_until_it_is_applied(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    number = offered_to(agent, center)
    assert agent.files == {"pipelines/nginx.toml": NGINX}
    assert 3 in agent.beat()  # it has not said anything yet
    assert 3 not in agent.apply()
    assert 3 not in agent.beat()
    center.wait_for_rollout(number, "done")
    shown = center.agents()[0]
    assert shown["apply_status"] == "applied" and shown["offered_hash"] == shown["effective_hash"] == agent.hash.hex()


def test_a_config_that_an_agent_cannot_apply_is_not_offered_again_unless_asked(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    offered_to(agent, center, stages=[{"percent": 100, "hold": "1h"}])
    center.call("POST", "rollouts/1/pause")
    first = agent.hash
    assert 3 not in agent.apply(error="no such folder")
    wait_until(lambda: center.rollout(1)["state"] == "reverted", "the gate")
    center.roll_out("all", [{"percent": 100, "hold": "1h"}], wait=False, gate={"failed_max_percent": 100})
    agent.hash, agent.files = None, None
    for _ in range(3):
        agent.beat()
    assert agent.files in (None, {})  # what was before: nothing
    center.call("POST", f"agents/{agent.id}/retry")
    wait_until(lambda: agent.beat() and agent.files, "the offer")
    assert agent.files == {"pipelines/nginx.toml": NGINX} and agent.hash != first


def test_a_rollout_that_fails_on_every_fifth_agent_stops_at_its_first_stage_and_reverts(center):
    agents = [FakeAgent(center.endpoint, name=f"a{i}") for i in range(40)]
    for agent in agents:
        agent.beat()
    center.call("PUT", "pipelines/nginx", NGINX)
    center.put_group("all", "nginx")
    number = center.roll_out("all", [{"percent": 50, "hold": "1m"}, {"percent": 100}], wait=False)
    reached = 0
    for index, agent in enumerate(agents):
        agent.beat()
        if agent.files:
            reached += 1
            agent.apply(error="as the test says" if reached % 5 == 1 else None)
    assert 8 <= reached <= 32
    ended = center.wait_for_rollout(number, "reverted")
    assert "gate of stage 1" in ended["reason"] and ended["stage"] == 1 and ended["failed"] > 0
    for agent in agents:
        if agent.files:
            wait_until(lambda: agent.beat() and agent.files == {}, "what was before")
            agent.apply()
    entry = center.call("GET", "audit")[0]
    assert entry["action"] == "rollout.revert" and entry["who"] == "center" and "failed" in entry["detail"]


def test_a_rollout_goes_stage_by_stage_over_a_restart_of_the_center(center):
    agents = [FakeAgent(center.endpoint, name=f"a{i}", labels={"idc": f"bj{i % 2}"}) for i in range(10)]
    for agent in agents:
        agent.beat()
    center.call("PUT", "pipelines/nginx", NGINX)
    center.put_group("all", "nginx")
    stages = [{"selector": 'idc = "bj0"', "hold": "2s"}, {"percent": 100}]
    number = center.roll_out("all", stages, wait=False)

    def beat_all():
        for agent in agents:
            had = agent.hash
            agent.beat()
            if agent.hash != had:
                agent.apply()

    beat_all()
    assert [bool(agent.files) for agent in agents] == [i % 2 == 0 for i in range(10)]
    center.call("POST", f"rollouts/{number}/pause")
    center.stop()
    center.start()
    assert center.rollout(number)["state"] == "paused"
    for _ in range(4):
        beat_all()
        time.sleep(1)
    assert center.rollout(number)["stage"] == 1
    center.call("POST", f"rollouts/{number}/resume")

    def is_done():
        beat_all()
        time.sleep(0.3)  # an agent may say so much and no more
        return center.rollout(number)["state"] == "done"

    wait_until(is_done, "the end", timeout=30)
    assert all(agent.files == {"pipelines/nginx.toml": NGINX} for agent in agents)
    assert center.rollout(number)["applied"] == 10
    assert refused(center.call, "POST", f"rollouts/{number}/pause").status == 409
    center.call("POST", f"rollouts/{number}/revert")
    time.sleep(1)
    beat_all()
    assert all(agent.files == {} for agent in agents)


def test_a_center_that_was_restarted_empty_takes_nothing_away(new_center, center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    offered_to(agent, center)
    agent.apply()
    center.stop()
    other = new_center("other")
    other.agents_port, other.api_port = center.agents_port, center.api_port
    other.configure().start()
    assert 3 not in agent.beat()
    other.call("PUT", "pipelines/nginx", NGINX)
    other.put_group("some", "nginx", selector='app = "x"')
    other.roll_out("some")
    for _ in range(3):
        assert 3 not in agent.beat()  # not of the group, and not ours


def test_agents_without_our_extras_are_served(center):
    agent = FakeAgent(center.endpoint, capabilities=0x1 | ACCEPTS_CONFIG)  # does not report what became of it
    agent.beat()
    offered_to(agent, center)
    agent.files = None
    agent.beat()
    assert agent.files is None  # once
    assert agent.settings == []


def test_what_is_offered_is_signed_with_a_revision_that_grows(new_center, tmp_path):
    key = tmp_path / "key.pem"
    public = tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    center = new_center(signing_key=str(key)).start()
    agent = FakeAgent(center.endpoint)
    agent.beat()
    offered_to(agent, center)
    manifest = json.loads(agent.files["manifest.json"])
    assert manifest["files"] == {"pipelines/nginx.toml": hashlib.sha256(NGINX.encode()).hexdigest()}
    assert time.time() < manifest["expires"] < time.time() + 2 * 86400
    (tmp_path / "manifest").write_text(agent.files["manifest.json"])
    (tmp_path / "signature").write_bytes(base64.b64decode(agent.files["manifest.sig"]))
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", tmp_path / "manifest",
                    "-sigfile", tmp_path / "signature"], check=True, capture_output=True)  # fmt: skip
    first = agent.hash
    agent.files = None
    time.sleep(0.01)
    agent.beat()
    assert agent.hash == first and json.loads(agent.files["manifest.json"])["revision"] > manifest["revision"]


def test_a_rollout_waits_for_its_agents_after_a_restart_of_the_center(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    number = offered_to(agent, center, stages=[{"percent": 99.99, "hold": "1s"}, {"percent": 100}])
    center.kill()
    center.start()
    time.sleep(6)  # more than the time of two heartbeats
    assert center.rollout(number)["stage"] == 1, "nobody of it is back"
    agent.status = (agent.hash, APPLIED, "")
    agent.beat(status=True)

    def is_done():
        agent.beat()
        return center.rollout(number)["state"] == "done"

    wait_until(is_done, "it to go on", every=1)


def test_what_refused_nothing_is_not_asked_again(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    error = refused(center.call, "POST", f"agents/{agent.id}/retry")
    assert error.status == 409 and "has refused nothing" in error.body["error"]


# --- enrolment ---


def test_an_enrolment_token_becomes_a_credential_of_the_agents_own(new_center):
    center = new_center(auth={"enrolment": "token"}).start()
    assert FakeAgent(center.endpoint).post(b"")[0] == 400
    agent = FakeAgent(center.endpoint)
    assert agent.post(agent.message())[0] == 401
    made = center.call("POST", "tokens", {"kind": "enrolment", "uses": 1})
    agent.token = made["secret"]
    agent.beat()
    assert agent.token.startswith("vac_") and center.call("GET", "tokens")[0]["uses"] == 0
    late = FakeAgent(center.endpoint, token=made["secret"])
    assert late.post(late.message())[0] == 401  # used up
    thief = FakeAgent(center.endpoint, token=agent.token)
    assert thief.post(thief.message())[0] == 401  # another uid
    center.stop()
    center.start()
    agent.beat()
    center.call("DELETE", f"agents/{agent.id}")
    assert agent.post(agent.message())[0] == 401


def test_an_agent_that_the_center_has_not_heard_of_loses_its_credential_too(new_center):
    center = new_center(auth={"enrolment": "token"}).start()
    token = center.call("POST", "tokens", {"kind": "enrolment", "uses": 1})
    agent = FakeAgent(center.endpoint, token=token["secret"])
    agent.beat()
    agent_id = center.agents()[0]["id"]
    center.stop()
    center.start()
    assert refused(center.call, "DELETE", "agents/nobody").status == 404
    center.call("DELETE", f"agents/{agent_id}")
    assert agent.post(agent.message())[0] == 401


def test_after_a_restart_of_the_center_what_was_offered_again_is_not_offered_once_more(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    offered_to(agent, center, stages=[{"percent": 100, "hold": "1h"}])
    agent.apply(error="no such folder")
    wait_until(lambda: center.rollout(1)["state"] == "reverted", "the gate")
    center.roll_out("all", [{"percent": 100}], wait=False, gate={"failed_max_percent": 100})
    agent.hash, agent.files = None, None
    center.call("POST", f"agents/{agent.id}/retry")
    wait_until(lambda: agent.beat() and agent.files, "the offer")
    agent.apply()
    error = refused(center.call, "POST", f"agents/{agent.id}/retry")
    assert error.status == 409
    center.stop()
    center.start()
    agent.hash, agent.files = None, None
    for _ in range(3):
        agent.beat()
    assert agent.hash is None, "it runs what it is to run"


def test_a_use_of_a_token_is_not_spent_on_a_message_that_is_refused(new_center):
    center = new_center(auth={"enrolment": "token"}).start()
    agent = FakeAgent(center.endpoint, token=center.call("POST", "tokens", {"kind": "enrolment"})["secret"])
    agent.beat()
    wait_until(lambda: agent.post(agent.message())[0] == 429, "too many messages from this agent", every=0)
    other = center.call("POST", "tokens", {"kind": "enrolment", "uses": 1})
    agent.token = other["secret"]
    assert agent.post(agent.message())[0] == 429
    [uses] = [one["uses"] for one in center.call("GET", "tokens") if one["id"] == other["id"]]
    assert uses == 1
    late = FakeAgent(center.endpoint, token=other["secret"])
    late.beat()
    assert late.token.startswith("vac_")


def test_agents_that_enrol_into_a_group_get_its_config_and_no_other(new_center):
    center = new_center(auth={"enrolment": "token"}).start()
    center.call("PUT", "pipelines/nginx", NGINX)
    other = NGINX.replace('"nginx"', '"other"')
    center.call("PUT", "pipelines/other", other)
    center.put_group("all", "nginx")
    center.put_group("few", "other", selector='app = "x"')
    token = center.call("POST", "tokens", {"kind": "enrolment", "group": "few"})["secret"]
    agent = FakeAgent(center.endpoint, token=token)
    agent.beat()
    for group in ("all", "few"):
        center.roll_out(group, wait=False)
    wait_until(lambda: agent.beat() and agent.files, "the offer")
    assert agent.files == {"pipelines/other.toml": other}


def test_two_agents_under_one_uid_are_told_apart(center):
    one = FakeAgent(center.endpoint)
    for _ in range(5):
        one.beat()
    two = FakeAgent(center.endpoint, uid=one.uid)
    for _ in range(6):
        one.beat()
        two.beat()
    assert one.uid != two.uid
    assert len(center.agents()) == 2
    restarted = FakeAgent(center.endpoint, uid=one.uid)
    for _ in range(6):
        restarted.beat()
    assert restarted.uid == one.uid  # one that begins anew keeps it


# --- hostile input ---


def test_garbage_of_agents_is_answered_with_400(center):
    agent = FakeAgent(center.endpoint)
    bad = [os.urandom(200), b"\xff" * 50, field(1, b"short"), field(2, 1), b"\x0a\xff\xff\xff\xff\x0f"]
    for body in bad:
        status, _, answer = agent.post(body)
        assert status == 400, body
        assert fields(fields(answer)[2][0])[1] == [1]  # ServerErrorResponse, BadRequest
    assert agent.post(agent.message(), {"Content-Type": "application/json"})[0] == 400
    assert agent.post(b"no gzip", {"Content-Encoding": "gzip"})[0] == 400
    assert agent.post(gzip.compress(bytes(200 << 20)), {"Content-Encoding": "gzip"})[0] == 400  # a bomb
    assert agent.post(bytes(5 << 20))[0] == 413
    agent.post(agent.message(), compress=True)
    agent.beat()
    assert len(center.agents()) == 1


def test_an_agent_that_floods_is_slowed_down(center):
    agent = FakeAgent(center.endpoint)
    agent.beat()
    answers = [agent.post(agent.message()) for _ in range(200)]
    assert any(status == 429 and headers["Retry-After"] for status, headers, _ in answers)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"group": 1}', '{"group": "a", "stages": 1}', '{"nonsense": 1}',
                                  '{"group": "a", "stages": [{"percent": 0}]}', "[" * 100_000, "\x00"])  # fmt: skip
def test_garbage_of_operators_is_answered_with_400(center, body):
    error = refused(center.call, "POST", "rollouts", body)
    assert error.status == 400 and error.body["error"] and error.body["details"]


# --- the program ---


def test_check_says_every_error_at_once(tmp_path):
    config = tmp_path / "center.toml"
    config.write_text('[center]\nlisten_agent = "x"\nheartbeat_interval = "0s"\n[auth]\nenrolment = "open"\n')
    done = subprocess.run([CENTER, "check", "--config", config], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{config}:2:" in done.stdout and "listen_agents" in done.stdout
    assert f"{config}:3:" in done.stdout and f"{config}:5:" in done.stdout and "admin_token" in done.stdout
    config.write_text((TREE / "conf/center.toml").read_text())
    environment = {**os.environ, "VENUS_ADMIN_TOKEN": "long enough"}
    done = subprocess.run([CENTER, "check", "--config", config], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "ok\n")


def test_a_damaged_store_is_refused_and_a_second_center_too(center):
    done = subprocess.run([CENTER, "run", "--config", center.config], capture_output=True, text=True)
    assert done.returncode == 1 and "another venus-center" in done.stderr
    center.call("PUT", "pipelines/nginx", NGINX)
    center.stop()
    (manifest,) = (center.data_dir / "store").glob("MANIFEST-*")
    manifest.write_bytes(b"garbage")
    done = subprocess.run([CENTER, "run", "--config", center.config], capture_output=True, text=True)
    assert done.returncode == 1 and "restore the data folder" in done.stderr


def test_tls_with_and_without_certificates_of_clients(new_center, tmp_path):
    authority = Authority(tmp_path / "ca")
    store = authority.server_store()
    center = new_center()
    files = {"cert_file": str(store), "key_file": str(store)}
    center.configure(tls=files)
    center.process = subprocess.Popen([CENTER, "run", "--config", center.config], stderr=open(center.log, "ab"))
    trusting = ssl.create_default_context(cafile=authority.certificate)

    def answers():
        connection = http.client.HTTPSConnection("127.0.0.1", center.api_port, context=trusting, timeout=5)
        try:
            connection.request("GET", "/api/v1/status", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
            return json.loads(connection.getresponse().read())["version"]
        except OSError:
            return None

    wait_until(answers, "the center to answer over TLS")
    center.stop()
    center.configure(tls={**files, "client_ca_file": str(authority.certificate)})
    center.process = subprocess.Popen([CENTER, "run", "--config", center.config], stderr=open(center.log, "ab"))
    wait_until(answers, "the API to answer without a client's certificate")

    def agents_door(context):
        connection = http.client.HTTPSConnection("127.0.0.1", center.agents_port, context=context, timeout=5)
        connection.request("GET", "/v1/opamp")
        return connection.getresponse().status

    with pytest.raises((OSError, http.client.HTTPException)):
        agents_door(trusting)
    known = ssl.create_default_context(cafile=authority.certificate)
    known.load_cert_chain(store)
    assert agents_door(known) == 405
