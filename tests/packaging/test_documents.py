"""What the pages and the example configurations say is so: commands and keys exist, examples are good and do what they say."""

import functools
import os
import re
import shlex
import subprocess

import pytest

from support.agent import kafka_sink, pipeline
from support.center import ADMIN_TOKEN
from support.certificates import Authority
from support.kafka import Kafka
from support.programs import AGENT, BIN, TREE, VENUSCTL
from support.wait import wait_until

CONF = TREE / "conf"
EXAMPLES = sorted(path.name for path in CONF.glob("*.toml") if path.name not in ("center.toml", "agent.reference.toml"))
PAGES = [TREE / "README.md", *sorted((TREE / "packaging/docs").glob("*.md")),
         TREE / "packaging/kubernetes/helm/venus-agent/templates/NOTES.txt"]  # fmt: skip
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required user_venus-agent='sesame';"


# --- commands ---


@functools.cache
def usage(program, *subcommands):
    done = subprocess.run([BIN / program, *subcommands, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, f"{program} {subcommands}: {done.stderr}"
    return done.stdout


def subcommands_of(program, *subcommands):
    _, _, listed = usage(program, *subcommands).partition("Subcommands:\n")
    return re.findall(r"^  ([a-z][\w-]*)", listed, re.M)


def said(text):
    """What somebody would type: lines of code blocks, and code in sentences."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", prose.replace("\n", " "))


def commands_in(path):
    text = path.read_text()
    if path.suffix == ".md":
        lines = said(text)
    elif path.suffix == ".txt":
        lines = text.splitlines()
    else:
        lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
        lines += [code for line in lines for code in re.findall(r"`([^`]+)`", line)]
    pattern = re.compile(r"^\s*(?:[A-Z_]+=\S* )*(?:\S*/)?(venus-agent|venus-center|venusctl) ([a-z].*)$")
    return [(m[1], m[2]) for line in lines if (m := pattern.match(line))]


def fault_of(program, arguments):
    """Why the help does not know it; "": it does."""
    words = shlex.split(re.split(r"\s[|;&#>]|\s{3,}|\s→", arguments)[0], posix=True)
    path = []
    while words and words[0] in subcommands_of(program, *path):
        path.append(words.pop(0))
    if not path:
        return f"{program} has no {words[0]}"
    if subcommands_of(program, *path) and words and not words[0].startswith("-"):
        return f"{program} {' '.join(path)} has no {words[0]}"
    text = usage(program, *path)
    options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", text))
    unknown = [word for word in words if re.fullmatch(r"--?[a-z][\w-]*", word.split("=")[0]) and word.split("=")[0] not in options]
    return f"{program} {' '.join(path)} has no {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("path", PAGES + sorted(CONF.rglob("*.toml")), ids=lambda path: str(path.relative_to(TREE)))
def test_every_command_that_is_named_exists(path):
    commands = commands_in(path)
    assert commands or path not in PAGES, "no command is found any more"
    assert [fault for program, arguments in commands if (fault := fault_of(program, arguments))] == []


def test_a_command_that_does_not_exist_is_found():
    assert fault_of("venus-agent", "stattus --json") == "venus-agent has no stattus"
    assert fault_of("venus-agent", "status --jsn") == "venus-agent status has no --jsn"
    assert fault_of("venus-agent", "checkpoints sett --pipeline p") == "venus-agent checkpoints has no sett"
    assert fault_of("venusctl", "apply --fil x") == "venusctl apply has no --fil"
    assert fault_of("venus-agent", "tap my-app --limit 10 --config agent.toml   # a sample") == ""


def test_every_link_leads_somewhere():
    dead = []
    for page in [path for path in PAGES if path.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("http") and not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")
    assert dead == []


# --- keys ---


def test_every_key_on_the_page_about_other_agents_is_one_of_ours():
    known = set(re.findall(r"[\w-]+", (CONF / "agent.reference.toml").read_text()))
    rows = re.findall(r"^\|[^|]+\|([^|]+)\|[^|]*\|$", (TREE / "packaging/docs/coming-from.md").read_text(), re.M)
    assert len(rows) > 60
    ours = {word for row in rows for code in re.findall(r"`([^`]+)`", row) for word in re.findall(r"[A-Za-z_]+", code)}
    assert ours - known - {"NAME"} == set()


def test_every_example_is_named_in_the_readme():
    readme = (TREE / "README.md").read_text()
    assert [name for name in [*EXAMPLES, "central"] if f"(conf/{name})" not in readme] == []


# --- examples ---


def filled(name, folder, replace=()):
    """The example with its secrets in our folder; the file and its environment."""
    text = (CONF / name).read_text()
    for secret in re.findall(r"\$\{file:([^}]+)\}", text):
        (folder / os.path.basename(secret)).write_text("sesame")
        text = text.replace(secret, str(folder / os.path.basename(secret)))
    for old, new in replace:
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, str(new))
    path = folder / name
    path.write_text(text)
    return path, {**os.environ, **{variable: "kafka" for variable in re.findall(r"\$\{env:(\w+)\}", text)}}


@pytest.mark.parametrize("name", [*EXAMPLES, "agent.reference.toml"])
def test_every_example_is_a_good_configuration(name, tmp_path):
    path, environment = filled(name, tmp_path)
    environment["BROKER"] = "kafka:9092"
    done = subprocess.run([AGENT, "check", "--config", path], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr


def run_example(agent, name, replace, **environment):
    """Starts an agent with the example; its places are ours."""
    own = f'[agent]\nmetrics_listen = "127.0.0.1:{agent.metrics_port}"\ndata_dir = "{agent.data_dir}"\nadmin_socket = "{agent.admin_socket}"\n'
    path, _ = filled(name, agent.folder, replace)
    lines = [line for line in path.read_text().splitlines() if not re.match(r"(metrics_listen|data_dir|admin_socket) ", line)]
    text = "\n".join(lines) + "\n"
    agent.config.write_text(text.replace("[agent]\n", own) if "[agent]\n" in text else own + text)
    agent.start(**environment)


def test_nginx_sends_access_as_fields_and_errors_as_they_are(agent, kafka, topic, logs):
    access, errors = topic(), topic()
    run_example(agent, "nginx.toml", [("127.0.0.1:9092", kafka.brokers), ("/var/log/nginx", logs),
                                      ("{labels.app}-access", access), ("{labels.app}-errors", errors)])  # fmt: skip
    (logs / "access.log").write_text(
        '192.0.2.7 - - [28/Nov/2026:17:04:02 +0000] "GET /a HTTP/1.1" 200 23 "-" "curl/7"\n'
        '192.0.2.7 - - [28/Nov/2026:17:04:02 +0000] "GET /health HTTP/1.1" 200 2 "-" "probe"\n'
    )
    (logs / "error.log").write_text("2026/11/28 17:04:02 [error] 7#7: *1 open() failed\n")
    (record,) = kafka.records(access, 1)
    assert '"status":200' in record["payload"] and '"app":"web"' in record["payload"]
    (record,) = kafka.records(errors, 1)
    assert record["payload"] == "2026/11/28 17:04:02 [error] 7#7: *1 open() failed" and record["headers"]["path"]
    assert agent.metric("records_dropped_total", processor="no-health-checks") == 1


def test_a_sidecar_ships_what_lies_anywhere_in_its_volume(agent, kafka, topic, logs):
    name = topic()
    (logs / "deep/er").mkdir(parents=True)
    run_example(agent, "sidecar.toml", [("/logs/", f"{logs}/")], APP=name, BROKER=kafka.brokers)
    (logs / "app.log").write_text("boom\n  at once\n")
    (logs / "deep/er/other.log").write_text("quiet\n")
    lines = sorted(record["payload"] for record in kafka.records(name, 2))
    assert '"line":"boom\\n  at once"' in lines[0] and '"line":"quiet"' in lines[1]


def test_a_cluster_that_wants_tls_and_a_password_takes_what_the_example_sends(agent, logs, tmp_path):
    authority = Authority(tmp_path / "authority")
    with Kafka(
        listeners=["LOGIN:SASL_SSL"],
        ssl_keystore_type="PEM",
        ssl_keystore_location=authority.server_store(),
        listener_name_login_sasl_enabled_mechanisms="PLAIN",
        listener_name_login_plain_sasl_jaas_config=PLAIN,
    ) as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        cluster.create_topic("raw-app")
        brokers = '"kafka-1.example.net:9093", "kafka-2.example.net:9093"'
        run_example(agent, "tls-sasl.toml", [(brokers, f'"{cluster.address(listener="LOGIN")}"'), ("/var/log/app", logs),
                                             ("/etc/venus-agent/ca.pem", authority.certificate)])  # fmt: skip
        (logs / "app.log").write_text("one\n")
        assert [record["payload"] for record in cluster.records("raw-app", 1)] == ["one"]
        agent.stop()


def test_the_folder_for_a_center_is_applied_and_rolled_out(agent, center, logs):
    def ctl(*arguments):
        done = subprocess.run([VENUSCTL, *arguments], env={**os.environ, "VENUS_CENTER": center.url, "VENUS_TOKEN": ADMIN_TOKEN},
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    link = {"endpoint": center.endpoint, "heartbeat_interval": "1s", "probation": "1s"}
    agent.configure(labels={"app": "web"}, center=link).start()
    wait_until(center.agents, "the agent to enrol")
    commands = re.findall(r"^#   venusctl (.+?)(?:\s{3,}.*)?$", (CONF / "central/fleet.toml").read_text(), re.M)
    assert len(commands) == 4
    for command in commands:
        ctl(*command.replace("conf/central", str(CONF / "central")).replace("10%:5m", "10%:1s").split())
    wait_until(lambda: {one["name"] for one in agent.status()["pipelines"]} == {"nginx", "system"}, "both pipelines to run")


# --- coming from another agent ---


def test_a_position_of_another_agent_can_be_taken_over(agent, kafka, topic, logs):
    """As coming-from.md says it."""
    name = topic()
    (logs / "a.log").write_text("sent by the other one\nnot sent yet\n")
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}, start_at="end")).start()
    wait_until(lambda: agent.checkpoints(), "the file to have a checkpoint")
    agent.stop()
    done = agent.command("checkpoints", "set", "--pipeline", "p", logs / "a.log", len("sent by the other one\n"))
    assert done.returncode == 0, done.stderr
    agent.configure(pipeline("p", logs / "*.log", kafka_sink(name), start_at="end"), brokers=kafka.brokers).start()
    assert [record["payload"] for record in kafka.records(name, 1)] == ["not sent yet"]
    agent.stop()
    assert len(kafka.everything(name)) == 1
