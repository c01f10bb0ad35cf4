"""The packages on a machine with systemd: installed, confined, killed, upgraded, removed."""

import os
import pathlib
import re
import signal
import socket

import pytest

from support.agent import open_paths, to_toml
from support.judge import Writer, assert_perfect, consume, verify, write
from support.packages import deb, field, with_version
from support.wait import stays, wait_until

AGENT, CENTER = "venus-agent.service", "venus-center.service"
CONFIG = "/etc/venus-agent/agent.toml"
STATE = "/var/lib/venus-agent"
EXPOSURE_MAX = 2.0
IDLE_SECONDS = 10  # after which the agent closes a file
WATCHDOG_SECONDS = 30
PORTS = (9598, 4320, 4321)  # of the default configs: the machine has our network


@pytest.fixture(scope="module")
def installed(machine):
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                pytest.skip(f"port {port} of this machine is taken: the service's default configuration needs it")
    machine.install(deb("venus-agent"), deb("venus-center"), deb("venusctl"))
    return machine


@pytest.fixture
def ship(installed):
    """Makes the agent run these pipelines and no other: ship(name=(include, sink), brokers=…)."""

    def make(config=CONFIG, instance="", brokers=None, **pipelines):
        state, runtime = STATE + instance, f"/run/venus-agent{instance}"
        document = {"agent": {"data_dir": state, "admin_socket": f"{runtime}/admin.sock", "metrics_listen": ""}}
        if brokers:
            document["clusters"] = {"main": {"brokers": brokers.split(",")}}
        document["pipelines"] = [
            {"name": name, "source": {"include": [include]}, "sink": sink} for name, (include, sink) in pipelines.items()
        ]
        installed.write(config, to_toml(document))

    return make


def file_sink(name, state=STATE):
    return {"type": "file", "path": f"{state}/arrived/{name}"}


def arrived(machine, name, state=STATE):
    path = machine.path(f"{state}/arrived/{name}")
    return path.read_text().splitlines() if path.exists() else []


def restart(machine, unit=AGENT):
    machine.path(f"{STATE}/arrived").mkdir(exist_ok=True)
    about = machine.path(STATE).stat()
    os.chown(machine.path(f"{STATE}/arrived"), about.st_uid, about.st_gid)
    machine.run("systemctl", "restart", unit)


def is_back(machine, unit, was):
    now = machine.main_pid(unit)
    return now not in (0, was) and machine.unit(unit, "ActiveState") == "active" and now


def test_a_fresh_install_runs(installed):
    assert installed.run("venus-agent", "check").stdout == "ok\n"
    assert installed.run("venus-center", "check").stdout == "ok\n"
    for unit in (AGENT, CENTER):
        wait_until(lambda unit=unit: installed.unit(unit, "ActiveState") == "active", f"{unit} to be active")
        assert installed.unit(unit, "UnitFileState") == "enabled"
    assert installed.run("venus-agent", "status").returncode == 0
    status = pathlib.Path(f"/proc/{installed.main_pid(AGENT)}/status").read_text()
    assert re.search(r"CapEff:\s+0+4\n", status), "CAP_DAC_READ_SEARCH and no other"
    user = installed.run("id", "-u", "venus-agent").stdout.strip()
    assert user != "0" and re.search(rf"Uid:\s+{user}\s+{user}\s", status)
    token = installed.path("/etc/venus-center/admin-token")
    assert token.stat().st_mode & 0o007 == 0
    agents = installed.run("env", f"VENUS_TOKEN={token.read_text().strip()}", "venusctl", "agents", "--json")
    assert "[]" in agents.stdout


@pytest.mark.parametrize("unit", [AGENT, "venus-agent@one.service", CENTER])
def test_it_is_confined(installed, unit):
    said = installed.run("systemd-analyze", "security", "--no-pager", unit).stdout
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
    print(f"{unit}: exposure {exposure}")
    assert exposure <= EXPOSURE_MAX, said


def test_it_reads_what_others_logged_and_nothing_that_is_no_log(installed, ship):
    hidden = ("/root/a.log", "/home/a.log", "/etc/ssh/a.log", "/etc/ssl/private/a.log", "/var/backups/a.log", "/etc/shadow")
    for path in hidden[:-1]:
        installed.write(path, "hidden\n", mode=0o644)
    installed.write("/var/log/theirs/app.log", "a secret log\n", mode=0o600)
    installed.path("/var/log/theirs").chmod(0o700)
    pipelines = {f"hidden-{i}": (path, file_sink(f"hidden-{i}")) for i, path in enumerate(hidden)}
    ship(theirs=("/var/log/theirs/*.log", file_sink("theirs")), open=("/etc/hostname", file_sink("open")), **pipelines)
    restart(installed)
    wait_until(lambda: arrived(installed, "theirs") == ["a secret log"], "a log of mode 0600 to arrive")
    wait_until(lambda: arrived(installed, "open"), "what is not hidden below /etc to arrive")
    stays(lambda: not any(arrived(installed, name) for name in pipelines), "what is hidden stays unread", seconds=3)


def test_it_writes_nowhere_but_where_its_state_is(installed, ship):
    installed.write("/var/log/app/app.log", "a line\n")
    installed.path("/srv/out").mkdir()
    installed.path("/srv/out").chmod(0o777)
    ship(app=("/var/log/app/*.log", {"type": "file", "path": "/srv/out/app"}))
    restart(installed)
    wait_until(lambda: "ead-only file system" in installed.journal(AGENT), "the agent to say that it may not")
    assert installed.run("venus-agent", "status", check=False).returncode == 3
    assert not installed.path("/srv/out/app").exists()


def test_a_file_that_was_deleted_while_it_was_closed_is_read_by_its_handle(installed, ship):
    log = installed.path("/var/log/handle/app.log")
    log.parent.mkdir()
    ship(handle=("/var/log/handle/*.log", file_sink("handle")))
    restart(installed)
    with open(log, "w", buffering=1) as writer:
        writer.write("before\n")
        wait_until(lambda: arrived(installed, "handle") == ["before"], "the first line")
        pid = installed.main_pid(AGENT)
        inside = "/var/log/handle/app.log"
        wait_until(lambda: not any(p.endswith(inside) for p in open_paths(pid)), "it to be closed", IDLE_SECONDS * 3)
        log.unlink()
        writer.write("after\n")
        wait_until(lambda: arrived(installed, "handle") == ["before", "after"], "the line of the deleted file", 60)


def test_a_reload_of_a_wrong_config_leaves_the_service_as_it_was(installed, ship):
    ship(kept=("/var/log/kept-on/*.log", file_sink("kept-on")))
    restart(installed)
    pid, good = installed.main_pid(AGENT), installed.path(CONFIG).read_text()
    installed.write(CONFIG, good + "[[pipelines]]\nnmae = 'wrong'\n")
    installed.run("systemctl", "reload", AGENT)
    wait_until(lambda: "config is refused" in installed.journal(AGENT), "the agent to refuse it")
    wait_until(lambda: installed.unit(AGENT, "SubState") == "running", "the reload to be over")
    assert installed.main_pid(AGENT) == pid
    installed.write("/var/log/kept-on/app.log", "still read\n")
    wait_until(lambda: arrived(installed, "kept-on") == ["still read"], "the pipeline to run on")
    # Who starts it with a wrong file is told; it is not tried again and again.
    installed.run("systemctl", "restart", AGENT, check=False)
    assert installed.unit(AGENT, "ExecMainStatus") == "2" and installed.unit(AGENT, "ActiveState") == "failed"
    installed.write(CONFIG, good)
    installed.run("systemctl", "restart", AGENT)


def test_nothing_is_missing_after_reloads_a_kill_and_a_hang(installed, ship, kafka, topic):
    name = topic(4)
    installed.path("/var/log/load").mkdir()
    ship(load=("/var/log/load/*", {"type": "kafka", "cluster": "main", "topic": name}), brokers=kafka.brokers)
    restart(installed)
    writer = Writer(installed.path("/var/log/load/app.log"), "load", rate=2000, rotate_every=20000)

    def beat(pid):
        return is_back(installed, AGENT, pid)

    pid = installed.main_pid(AGENT)
    for _ in range(3):
        installed.run("systemctl", "reload", AGENT)
    wait_until(lambda: installed.unit(AGENT, "ActiveState") == "active", "the reload to be over")
    assert installed.main_pid(AGENT) == pid
    os.kill(pid, signal.SIGKILL)
    pid = wait_until(lambda: beat(pid), "it to be back after kill -9", 20)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: beat(pid), "the watchdog to bring it back", 2 * WATCHDOG_SECONDS + 20, every=0.5)
    assert installed.unit(AGENT, "NRestarts") == "2"
    assert "Watchdog timeout" in installed.journal(AGENT)
    assert consume(kafka.brokers, name, [writer.stop()])["missing"] == 0


def test_an_upgrade_and_a_downgrade_under_load_go_on_where_they_were(installed, ship, kafka, topic, tmp_path):
    name = topic(4)
    installed.path("/var/log/upgrade").mkdir()
    ship(upgrade=("/var/log/upgrade/*", {"type": "kafka", "cluster": "main", "topic": name}), brokers=kafka.brokers)
    config = installed.path(CONFIG).read_text()
    restart(installed)
    now = field(deb("venus-agent"), "Version")
    newer = with_version(deb("venus-agent"), now + "+newer", tmp_path)
    writer = Writer(installed.path("/var/log/upgrade/app.log"), "upgrade", rate=2000, rotate_every=20000)
    for package in (newer, deb("venus-agent"), newer, deb("venus-agent")):
        pid = installed.main_pid(AGENT)
        assert pid
        installed.install(package)
        wait_until(lambda pid=pid: is_back(installed, AGENT, pid), "the other version to run")
        assert installed.run("dpkg-query", "-W", "-f", "${Version}", "venus-agent").stdout == field(package, "Version")
    assert installed.path(CONFIG).read_text() == config, "a file that was changed here stays as it is"
    assert_perfect(consume(kafka.brokers, name, [writer.stop()]))  # it drained each time: not even a duplicate


def test_several_agents_on_a_host(installed, ship):
    writers = {}
    for one in ("one", "two"):
        state = f"{STATE}-{one}"
        installed.path(f"/var/log/{one}").mkdir()
        ship(f"/etc/venus-agent/{one}.toml", f"-{one}", **{one: (f"/var/log/{one}/*", {"type": "file", "path": f"{state}/arrived"})})
        installed.run("systemctl", "start", f"venus-agent@{one}")
        writers[one] = write(installed.path(f"/var/log/{one}/app.log"), one, 2000)
        assert installed.run("venus-agent", "status", "--config", f"/etc/venus-agent/{one}.toml").returncode == 0
    for one, writer in writers.items():
        path = installed.path(f"{STATE}-{one}/arrived")
        wait_until(lambda path=path: path.exists() and len(path.read_bytes().splitlines()) == 2000, f"all of {one}")
        assert_perfect(verify([path], [writer]))
    pids = {one: installed.main_pid(f"venus-agent@{one}") for one in writers}
    installed.run("dpkg-reconfigure", "venus-agent")  # as an upgrade does
    for one, pid in pids.items():
        wait_until(lambda: is_back(installed, f"venus-agent@{one}", pid), f"{one} to be restarted with the package")


def test_removal_keeps_what_it_knows_and_purge_does_not(installed, ship):
    log = installed.path("/var/log/kept/app.log")
    log.parent.mkdir()
    ship(kept=("/var/log/kept/*", file_sink("kept")))
    restart(installed)
    first = write(log, "kept", 1000)
    wait_until(lambda: len(arrived(installed, "kept")) == 1000, "the lines to arrive")
    installed.run("apt-get", "-q", "-y", "remove", "venus-agent", "venus-center")
    assert installed.unit(AGENT, "ActiveState") == "inactive" and installed.main_pid("venus-agent@one") == 0
    assert installed.path(f"{STATE}/checkpoints").exists() and installed.path("/var/lib/venus-center").exists()
    assert installed.path(CONFIG).exists()

    installed.install(deb("venus-agent"), deb("venus-center"))
    with open(log, "a") as file:
        file.write("after it came back\n")
    wait_until(lambda: arrived(installed, "kept")[-1] == "after it came back", "the line that was written after")
    assert len(arrived(installed, "kept")) == first.lines + 1, "nothing is read twice"

    installed.run("apt-get", "-q", "-y", "purge", "venus-agent", "venus-center")
    for gone in (STATE, f"{STATE}-one", f"{STATE}-two", CONFIG, "/var/lib/venus-center", "/etc/venus-center"):
        assert not installed.path(gone).exists(), gone
    assert not installed.run("systemctl", "list-unit-files", "venus-*", "--no-legend", check=False).stdout.strip()
