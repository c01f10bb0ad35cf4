"""The center against OpAMP agents that nobody here wrote: opamp-go's client, and Elastic's."""

import json

import pytest
from support.center import Refused
from support.interop import go_program, node_program
from support.wait import wait_until

UIDS = {"go": "0199aaaabbbb7ccc8ddd000000000001", "node": "0199aaaabbbb7ccc8ddd000000000002"}


def start(kind, center, fails=False, token="", uid=None, seconds=1):
    settings = {"labels": {"app": kind}, "seconds": seconds, "fails": fails, "token": token, "uid": uid or UIDS[kind]}
    if kind == "node":
        return node_program("client", json.dumps({**settings, "url": center.endpoint}))
    capital = {key.capitalize(): value for key, value in settings.items()}
    return go_program("client", json.dumps({**capital, "Url": center.endpoint}))


@pytest.fixture
def foreign(center):
    """Starts an agent of the kind `go` or `node`."""
    programs = []

    def make(kind, **options):
        programs.append(start(kind, center, **options))
        return programs[-1]

    yield make
    for program in programs:
        program.kill()


def hyphenated(uid):
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


@pytest.fixture
def rolled_out(center):
    """A group of all agents, with one pipeline."""
    center.put_pipeline("app", "/var/log/app/*.log", {"type": "blackhole"})
    center.put_group("all", "app")
    return lambda **options: center.roll_out("all", wait=False, **options)


@pytest.mark.parametrize("kind", ["go", "node"])
def test_an_agent_is_known_with_its_labels_and_gets_its_config(center, foreign, rolled_out, kind):
    rolled_out()
    program = foreign(kind)
    files = program.wait_for("config")
    assert any("/var/log/app/*.log" in body for body in files.values())
    agent = wait_until(
        lambda: (one := center.agent(hyphenated(UIDS[kind]))) and one["apply_status"] == "applied" and one, "APPLIED"
    )
    assert agent["online"] and agent["labels"]["app"] == kind
    assert agent["offered_hash"]
    if kind == "go":  # the other one does not report it
        assert any("/var/log/app" in body for body in center.call("GET", f"agents/{agent['id']}")["effective_config"].values())


@pytest.mark.parametrize("kind", ["go", "node"])
def test_a_change_reaches_a_running_agent(center, foreign, rolled_out, kind):
    rolled_out()
    program = foreign(kind)
    program.wait_for("config")
    center.put_pipeline("app", "/var/log/other/*.log", {"type": "blackhole"})
    rolled_out()
    program.wait_for("config", lambda files: any("/var/log/other/*.log" in body for body in files.values()))


@pytest.mark.parametrize("kind", ["go", "node"])
def test_a_refusal_is_seen_and_the_config_not_offered_again(center, foreign, rolled_out, kind):
    rolled_out(gate={"failed_max_percent": 100})
    program = foreign(kind, fails=True)
    program.wait_for("config")
    agent = wait_until(
        lambda: (one := center.agent(hyphenated(UIDS[kind]))) and one["apply_status"] == "failed" and one, "FAILED"
    )
    assert agent["apply_error"] == "as the test says"
    for _ in range(3):
        program.wait_for("connected")
    assert len(program.facts("config")) == 1


@pytest.mark.parametrize("kind", ["go", "node"])
def test_an_agent_survives_a_restart_of_the_center(center, foreign, rolled_out, kind):
    rolled_out()
    program = foreign(kind)
    program.wait_for("config")
    center.stop()
    program.wait_for("failed")
    center.start()
    wait_until(
        lambda: (one := center.agent(hyphenated(UIDS[kind]))) and one["online"] and one["labels"].get("app") == kind,
        "it to be back, all of it asked for again",
        120,
    )


def test_two_agents_with_one_uid_get_different_ones(center, foreign):
    one, other = foreign("go"), foreign("go")
    for _ in range(2):
        one.wait_for("connected")
        other.wait_for("connected")
    wait_until(lambda: one.facts("uid") or other.facts("uid"), "one of them to be renamed")


@pytest.mark.parametrize("kind", ["go", "node"])
def test_an_agent_without_a_token_is_refused(new_center, kind):
    center = new_center("strict").configure(auth={"enrolment": "token"}).start()
    refused = start(kind, center)
    try:
        wait_until(lambda: "status=401" in center.log_tail(), "it to be refused")
        assert center.agents() == []
    finally:
        refused.kill()
    secret = center.call("POST", "tokens", {"kind": "enrolment", "uses": 1})["secret"]
    taken = start(kind, center, token=secret)
    try:
        taken.wait_for("connected")
        assert len(center.agents()) == 1
    finally:
        taken.kill()
    with pytest.raises(Refused):
        center.call("GET", "agents", token="wrong")
