"""Agents under a center: what is rolled out arrives, what is bad goes no further, and no line is lost meanwhile."""

import shutil
import time

import pytest
from support.center import Refused
from support.judge import Writer, assert_perfect, verify
from support.swarm import Swarm
from support.wait import wait_until

AGENTS = 10
BAD_EVERY = 5  # each so manieth agent cannot apply the bad config
SWARM_AGENTS = 40
CHANGES = 200
DOWN_SECONDS = 20  # an hour with --long


@pytest.fixture
def fleet(center, new_agent, logs, tmp_path):
    """Makes agents 0…count-1, enrolled with the center. All follow what lies in `logs/app`; those that `may_more` says
    may read `logs/more` as well."""

    def make(count, may_more=lambda number: True):
        agents = []
        for number in range(count):
            allowed = [f"{logs}/app/**"] + ([f"{logs}/more/**"] if may_more(number) else [])
            agent = new_agent(f"agent-{number}").configure(
                name=f"agent-{number}", labels={"host": f"agent-{number}"}, allow_paths=allowed,
                center={"endpoint": center.endpoint, "heartbeat_interval": "1s", "probation": "1s"},
            )  # fmt: skip
            agent.out = tmp_path / "out" / f"agent-{number}"
            agents.append(agent.start())
        wait_until(lambda: sum(one["online"] for one in center.agents()) >= count, "the agents to be known")
        return agents

    for folder in (tmp_path / "out", logs / "app", logs / "more"):
        folder.mkdir(parents=True)
    return make


@pytest.fixture
def to_out(tmp_path):
    return {"type": "file", "path": f"{tmp_path}/out/{{labels.host}}"}


def runs(agent, revision_hash):
    return agent["effective_hash"] == revision_hash and agent["apply_status"] == "applied"


def one_hash(center, agents):
    """The config that all of them run; None while they differ."""
    names = {f"agent-{number}" for number in range(len(agents))}
    hashes = {(one["effective_hash"], one["apply_status"]) for one in center.agents() if one["name"] in names}
    return hashes.pop()[0] if len(hashes) == 1 and next(iter(hashes))[1] == "applied" else None


def assert_each_line_once(agents, writers):
    for agent in agents:
        wait_until(lambda agent=agent: verify([agent.out], writers)["missing"] == 0, "every line")
        agent.stop()  # what it still holds is written out
        assert_perfect(verify([agent.out], writers))


def test_a_config_that_fails_on_every_fifth_agent_stops_at_its_first_stage_and_is_reverted(center, fleet, logs, to_out):
    agents = fleet(AGENTS, may_more=lambda number: number % BAD_EVERY != 0)
    with Swarm(center.endpoint, SWARM_AGENTS, interval=1000, fail_every=BAD_EVERY):
        center.put_pipeline("app", logs / "app" / "*.log", to_out)
        center.put_group("all", "app")
        center.roll_out("all", gate={"failed_max_percent": 100}, wait=False)
        good = wait_until(lambda: one_hash(center, agents), "the first config to run")
        writer = Writer(logs / "app" / "a.log", "a", rate=1000, rotate_every=3000)
        center.put_pipeline("app", [logs / "app" / "*.log", logs / "more" / "*.log"], to_out)
        bad = center.roll_out("all", [{"percent": 50, "hold": "5s"}, {"percent": 100}], wait=False)
        ended = center.wait_for_rollout(bad, "reverted")
        wait_until(lambda: one_hash(center, agents) == good, "everybody to be back")
    assert ended["stage"] == 1, "it went no further"
    assert ended["failed"] >= 1 and "fail" in ended["reason"]
    audit = center.audit()
    assert any(one["action"] == "rollout.revert" and one["who"] == "center" for one in audit), audit[:5]
    assert_each_line_once(agents, [writer.stop()])


def test_a_config_that_failed_is_not_offered_again_until_somebody_says_so(center, fleet, logs, to_out):
    [agent] = fleet(1, may_more=lambda number: False)
    center.put_pipeline("app", logs / "more" / "*.log", to_out)
    center.put_group("all", "app")
    center.roll_out("all", gate={"failed_max_percent": 100}, wait=False)
    failed = wait_until(
        lambda: (one := center.agent("agent-0"))["apply_status"] == "failed" and one, "the agent to refuse"
    )
    assert "allow_paths" in failed["apply_error"] and "more" in failed["apply_error"]
    offers = agent.log_text().count("offered")
    time.sleep(3)
    assert agent.log_text().count("offered") == offers
    center.call("POST", f"agents/{failed['id']}/retry")
    wait_until(lambda: agent.log_text().count("offered") > offers, "one more offer")


def test_two_hundred_changes_lose_nothing_and_the_last_one_runs(center, fleet, logs, to_out):
    agents = fleet(2)
    center.put_group("all")
    writer = Writer(logs / "app" / "a.log", "a", rate=2000, rotate_every=5000)
    for number in range(CHANGES):
        begin = time.monotonic()
        center.put_pipeline("app", logs / "app" / "*.log", to_out, max_line_bytes=f"{64 + number}KiB")
        if number == 0:
            center.put_group("all", "app")
        center.roll_out("all", wait=False)
        time.sleep(max(0, 60 / CHANGES - (time.monotonic() - begin)))
    last = f"{64 + CHANGES - 1}KiB"
    for agent in agents:
        name = agent.folder.name
        wait_until(lambda name=name: last in str(center.call("GET", f"agents/{name}")["effective_config"]), "the last")
    assert_each_line_once(agents, [writer.stop()])


def test_a_center_that_is_away_loses_nobody_a_line(center, fleet, logs, to_out, request):
    """Down, with an agent restarted meanwhile; then restarted empty; then restored from a copy, and changed."""
    agents = fleet(3)
    center.put_pipeline("app", logs / "app" / "*.log", to_out)
    center.put_group("all", "app")
    center.roll_out("all")
    wait_until(lambda: one_hash(center, agents), "the config to run")
    writer = Writer(logs / "app" / "a.log", "a", rate=500, rotate_every=2000)
    center.stop()
    copy = center.folder / "copy"
    shutil.copytree(center.data_dir, copy)
    time.sleep(DOWN_SECONDS if not request.config.getoption("--long") else 3600)
    agents[0].stop()
    agents[0].start()
    assert not agents[0].status()["center"]["connected"]
    wait_until(lambda: agents[0].metric("records_acked_total") > 0, "the last known good config to run")
    shutil.rmtree(center.data_dir)
    center.start()
    wait_until(lambda: sum(one["online"] for one in center.agents()) == 3, "the agents to be back", 600)
    time.sleep(3)  # an empty center offers nothing
    center.stop()
    shutil.rmtree(center.data_dir)
    shutil.copytree(copy, center.data_dir)
    center.start()
    wait_until(lambda: one_hash(center, agents), "the agents to be back", 600)
    center.put_pipeline("app", logs / "app" / "*.log", to_out, max_line_bytes="77KiB")
    center.roll_out("all")
    for agent in agents:
        assert "77KiB" in str(center.call("GET", f"agents/{agent.folder.name}")["effective_config"])
    assert_each_line_once(agents, [writer.stop()])


def test_conflicts_are_refused_when_they_are_written(center, logs, to_out):
    center.put_pipeline("app", logs / "app" / "*.log", to_out)
    center.put_group("one", "app", selector='idc = "bj1"')
    center.put_group("two", "app", selector='idc = "bj2"')
    with pytest.raises(Refused) as refused:
        center.put_group("three", "app", selector='role = "web"')
    assert refused.value.status in (400, 409)
    assert "one" in str(refused.value.body) and "app" in str(refused.value.body)
