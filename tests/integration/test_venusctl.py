"""venusctl as operators use it: files to the center, questions, rollouts, tokens; its exit codes and its JSON."""

import json
import os
import subprocess

import pytest

from support.agent import free_port
from support.center import ADMIN_TOKEN
from support.opamp import FakeAgent
from support.programs import VENUSCTL
from support.wait import wait_until

PIPELINE = 'name = "{name}"\n[source]\ninclude = ["/var/log/{name}/*.log"]\n[sink]\ntype = "blackhole"\n'
GROUP = '[groups.{name}]\nselector = \'app = "{name}"\'\npipelines = ["{name}"]\n'
OK, FAILURE, BAD_INPUT = 0, 1, 2


@pytest.fixture
def ctl(center):
    """Runs venusctl; its exit code must be the one that is given."""

    def run(*arguments, code=OK, token=ADMIN_TOKEN, url=center.url):
        done = subprocess.run(
            [VENUSCTL, *map(str, arguments)],
            env={**os.environ, "VENUS_CENTER": url, "VENUS_TOKEN": token},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def ctl_json(ctl):
    return lambda *arguments, **options: json.loads(ctl(*arguments, "--json", **options).stdout)


@pytest.fixture
def folder(tmp_path):
    """A folder of pipelines `a` and `b` with a group each."""
    made = tmp_path / "config"
    made.mkdir()
    for name in ("a", "b"):
        (made / f"{name}.toml").write_text(PIPELINE.format(name=name))
    (made / "groups.toml").write_text(GROUP.format(name="a") + GROUP.format(name="b"))
    return made


def changes(said):
    return {(one["kind"], one["name"]): one["change"] for one in said}


def test_apply_makes_the_center_what_the_folder_is(ctl_json, center, folder):
    new = {("pipeline", "a"): "new", ("pipeline", "b"): "new", ("group", "a"): "new", ("group", "b"): "new"}
    assert changes(ctl_json("apply", "-f", folder)) == new
    assert center.call("GET", "pipelines/a") == PIPELINE.format(name="a")
    assert set(changes(ctl_json("apply", "-f", folder)).values()) == {"unchanged"}
    (folder / "a.toml").write_text(PIPELINE.format(name="a") + "# 2\n")
    said = ctl_json("apply", "-f", folder)
    assert changes(said)["pipeline", "a"] == "changed"
    assert next(one for one in said if one["change"] == "changed")["revision"] == 2


def test_a_dry_run_shows_the_plan_and_changes_nothing(ctl, ctl_json, center, folder):
    assert set(changes(ctl_json("apply", "-f", folder, "--dry-run")).values()) == {"new"}
    assert "new" in ctl("apply", "-f", folder, "--dry-run").stdout
    assert center.call("GET", "pipelines") == []


def test_prune_removes_what_is_in_no_file_but_not_beside_a_refusal(ctl, ctl_json, center, folder):
    ctl("apply", "-f", folder)
    (folder / "b.toml").unlink()
    (folder / "groups.toml").write_text(GROUP.format(name="a"))
    (folder / "a.toml").write_text(PIPELINE.format(name="a") + "nonsense = 1\n")
    ctl("apply", "-f", folder, "--prune", code=FAILURE)
    assert center.call("GET", "groups/b")
    (folder / "a.toml").write_text(PIPELINE.format(name="a"))
    removed = {("group", "b"): "removed", ("pipeline", "b"): "removed"}
    assert changes(ctl_json("apply", "-f", folder, "--prune")).items() >= removed.items()
    assert [one["name"] for one in center.call("GET", "pipelines")] == ["a"]


def test_what_is_refused_is_said_with_its_place_and_the_rest_is_applied(ctl, center, folder):
    (folder / "a.toml").write_text(PIPELINE.format(name="a") + "nonsense = 1\n")
    done = ctl("apply", "-f", folder, code=FAILURE)
    assert "pipeline a is refused" in done.stderr and "nonsense" in done.stderr
    assert f"{folder}/a.toml:6:1" in done.stderr, done.stderr
    assert "group a is refused" in done.stderr and "there is no pipeline a" in done.stderr
    assert "2 of 4 changes made" in done.stderr
    assert [one["name"] for one in center.call("GET", "pipelines")] == ["b"]


def test_what_is_wrong_with_a_table_has_its_place_in_the_file(ctl, folder):
    for one in folder.iterdir():
        one.unlink()
    (folder / "x.toml").write_text(
        '[clusters.main]\nbrokerz = ["a:1"]\n\n[groups.web]\npipelines = []\nselector = "app = player"\n'
        '[[pipelines]]\nname = "p"\nsource = { include = ["relative"] }\nsink = { type = "blackhole" }\n'
    )
    said = ctl("apply", "-f", folder, code=FAILURE).stderr
    assert f"{folder}/x.toml:2:" in said and "brokerz" in said
    assert f"{folder}/x.toml:6:" in said and "selector: character " in said
    assert f"{folder}/x.toml:9:" in said and "source.include" in said


def test_a_pipeline_at_the_top_of_its_file_is_alone_there(ctl, folder):
    (folder / "a.toml").write_text(PIPELINE.format(name="a") + "[groups.z]\npipelines = []\n")
    said = ctl("apply", "-f", folder, "--dry-run", code=BAD_INPUT).stderr
    assert f"{folder}/a.toml:" in said and "give it a file of its own" in said


def test_files_that_cannot_be_read_are_told_before_anything_is_changed(ctl, center, folder):
    (folder / "b.toml").write_text("name = \n")
    done = ctl("apply", "-f", folder, code=BAD_INPUT)
    assert f"{folder}/b.toml:1:" in done.stderr
    assert "no such file" in ctl("apply", "-f", folder / "none", code=BAD_INPUT).stderr
    assert center.call("GET", "pipelines") == []


def test_diff_of_files_and_of_revisions(ctl, ctl_json, folder):
    ctl("apply", "-f", folder)
    (folder / "a.toml").write_text(PIPELINE.format(name="a") + "# 2\n")
    assert "\n+# 2\n" in ctl("diff", "-f", folder).stdout
    [changed] = ctl_json("diff", "-f", folder)
    assert changed["name"] == "a" and "\n+# 2\n" in changed["diff"]
    ctl("apply", "-f", folder)
    assert "\n+# 2\n" in ctl("diff", "a").stdout
    assert ctl_json("diff", "a", 1, 2)["to"] == 2
    assert "no revision" in ctl("diff", "a", 1, 9, code=FAILURE).stderr
    ctl("diff", code=BAD_INPUT)


def test_get_and_delete(ctl, ctl_json, folder):
    ctl("apply", "-f", folder)
    assert ctl("get", "pipeline", "a").stdout == PIPELINE.format(name="a")
    assert ctl_json("get", "pipeline", "a") == {"name": "a", "body": PIPELINE.format(name="a")}
    assert ctl_json("get", "group", "a")["pipelines"] == ["a"]
    assert {one["name"] for one in ctl_json("get", "pipelines")} == {"a", "b"}
    assert "in use by group a" in ctl("delete", "pipeline", "a", code=FAILURE).stderr
    assert ctl_json("delete", "group", "a") == {"kind": "group", "name": "a", "change": "removed"}
    assert ctl("delete", "pipeline", "a").stdout == "pipeline a is deleted\n"
    assert "there is no pipeline a" in ctl("get", "pipeline", "a", code=FAILURE).stderr
    ctl("get", "nonsense", code=BAD_INPUT)


def test_a_rollout_is_started_watched_moved_and_shown(ctl, ctl_json, center, folder):
    ctl("apply", "-f", folder)
    agent = FakeAgent(center.endpoint, labels={"app": "a"})
    agent.beat()
    started = ctl_json("rollout", "start", "a", "--stage", "50%:1h", "--stage", "100%", "--failed-max", 5)
    number = started["id"]
    assert started["state"] == "running"
    assert '{"hold":"1h","percent":50}' in ctl("rollout", "status", number, "--json").stdout  # as it was written
    assert ctl_json("rollout", "pause", number)["state"] == "paused"
    assert "running" in ctl("rollout", "resume", number).stdout
    assert ctl_json("rollout", "abort", number)["state"] == "aborted"
    assert "cannot pause" in ctl("rollout", "pause", number, code=FAILURE).stderr
    assert ctl_json("rollout", "revert", number)["state"] == "reverted"
    assert ctl_json("rollout", "status", number)["state"] == "reverted"
    assert "reverted" in ctl("rollout", "status", "--watch", number, code=FAILURE).stdout
    assert [one["id"] for one in ctl_json("rollout", "status")] == [number]
    done = ctl("rollout", "start", "b", "--watch")
    assert "done" in done.stdout and "nobody was offered anything" in done.stderr
    for wrong in ("50", "x%", ":5m"):
        assert "--stage" in ctl("rollout", "start", "a", "--stage", wrong, code=BAD_INPUT).stderr
    ctl("rollout", "start", "a", "--revision", "a", code=BAD_INPUT)


def test_a_watched_rollout_outlives_a_restart_of_the_center(ctl, center, folder):
    ctl("apply", "-f", folder)
    agent = FakeAgent(center.endpoint, labels={"app": "a"})
    agent.beat()
    number = center.roll_out("a", [{"percent": 99.99, "hold": "1h"}, {"percent": 100}], wait=False)
    watching = subprocess.Popen(
        [VENUSCTL, "rollout", "status", "--watch", str(number)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "VENUS_CENTER": center.url, "VENUS_TOKEN": ADMIN_TOKEN},
    )  # fmt: skip
    assert "running" in watching.stdout.readline()
    center.kill()
    center.start()
    center.call("POST", f"rollouts/{number}/abort")
    assert "aborted" in watching.communicate(timeout=60)[0]
    assert watching.returncode == FAILURE


def test_agents_are_shown_and_asked_again(ctl, ctl_json, center):
    agent = FakeAgent(center.endpoint, labels={"app": "a"})
    agent.beat()
    wait_until(lambda: center.agents(), "the agent to be known")
    [shown] = ctl_json("agents")
    assert shown["online"] and shown["labels"]["app"] == "a"
    assert shown["id"] in ctl("agents").stdout
    assert ctl_json("agent", shown["id"])["id"] == shown["id"]
    assert shown["id"] in ctl("agent", shown["id"]).stdout
    assert "there is no agent" in ctl("agent", "nobody", code=FAILURE).stderr
    ctl("retry", "nobody", code=FAILURE)
    assert "has refused nothing" in ctl("retry", shown["id"], code=FAILURE).stderr


def test_tokens_are_made_used_and_revoked_and_all_of_it_is_in_the_audit_log(ctl, ctl_json, folder):
    made = ctl_json("token", "create", "--kind", "operator", "--role", "viewer", "--name", "eve", "--expires", "1h")
    assert ctl_json("get", "pipelines", token=made["secret"]) == []
    assert "eve" in ctl("token", "list").stdout
    assert "editor" in ctl("apply", "-f", folder, token=made["secret"], code=FAILURE).stderr
    assert ctl("token", "create", "--group", "nobody", code=FAILURE).stderr
    assert "over at once" in ctl("token", "create", "--expires", "0s", code=FAILURE).stderr
    for wrong in ("-1", "0", "many"):
        assert "--uses" in ctl("token", "create", "--uses", wrong, code=BAD_INPUT).stderr
    assert ctl_json("token", "revoke", made["id"])["change"] == "removed"
    ctl("get", "pipelines", token=made["secret"], code=FAILURE)
    actions = [one["action"] for one in ctl_json("audit")]
    assert actions[:2] == ["token.delete", "token.create"], actions


def test_what_cannot_be_asked_is_said(ctl):
    unreachable = ctl("agents", url=f"http://127.0.0.1:{free_port()}", code=FAILURE).stderr
    assert "127.0.0.1" in unreachable
    assert "VENUS_TOKEN" in ctl("agents", token="", code=FAILURE).stderr
    ctl("agents", url="ftp://somewhere", code=BAD_INPUT)
    ctl("nonsense", code=BAD_INPUT)
    assert ctl("version").stdout.startswith("venusctl ")
    assert json.loads(ctl("version", "--json").stdout)["name"] == "venusctl"
