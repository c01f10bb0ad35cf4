"""The manifests of Kubernetes and the chart that they are made of; what is in them runs here without a cluster."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from support.agent import free_port
from support.certificates import Authority
from support.programs import AGENT, CENTER, TREE
from support.tools import helm, kubernetes_schemas

KUBERNETES = TREE / "packaging/kubernetes"
CHART = KUBERNETES / "helm/venus-agent"
MANIFESTS = sorted((KUBERNETES / "manifests").glob("*.yaml"))
VERSIONS = ("1.33", "1.37")  # of the schemas: the oldest and the newest that there are
MANAGED = ["--set", "agent.center.endpoint=https://venus-center:4320/v1/opamp", "--set", "agent.priorityClassName=high",
           "--set", "agent.center.caSecret=authority", "--set", "agent.dockerPath=/data/docker/", "--set", "center.tlsSecret=certificate",
           "--set", "kafka.properties.compression\\.type=zstd", "--set", "images.pullSecrets[0].name=ours",
           "--set", "agent.nodeSelector.disk=ssd", "--set", "center.enabled=true", "--set", "center.adminTokenSecret=ours",
           "--set", "center.replicas=2", "--set", "center.store.brokers={k:9092}",
           "--set", "center.store.properties.sasl\\.password=${file:/etc/venus-center/secret/password}"]  # fmt: skip

VALIDATE = """
import json, sys, kubernetes_validate
try:
    kubernetes_validate.validate(json.load(sys.stdin), sys.argv[1], strict=True)
except kubernetes_validate.ValidationError as wrong:
    sys.exit(f"{'.'.join(map(str, wrong.path))}: {wrong.message}")
"""


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def all_manifests():
    return [document for path in MANIFESTS for document in documents(path.read_text())]


def the(kind, manifests):
    (found,) = [document for document in manifests if document["kind"] == kind]
    return found


def manifest(name):
    return documents((KUBERNETES / f"manifests/{name}.yaml").read_text())


def pods(manifests):
    return [document["spec"]["template"]["spec"] for document in manifests if "template" in document.get("spec", {})]


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def render(*options, chart=CHART):
    done = subprocess.run([helm(), "template", "venus", chart, "--namespace", "venus", "--kube-version", "1.29.0", *options],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


NOTES = """
apiVersion: v1
kind: ConfigMap
data:
  notes: {{ tpl (.Files.Get "files/NOTES.txt") . | toJson }}
"""


def notes(folder, *options):
    """What helm says after the installation. Without a cluster it does not: a chart in the folder has it as a manifest."""
    chart = shutil.copytree(CHART, folder / "chart")
    (chart / "templates/NOTES.txt").rename(chart / "files/NOTES.txt")
    (chart / "templates/notes.yaml").write_text(NOTES)
    (made,) = render("--show-only", "templates/notes.yaml", *options, chart=chart)
    return made["data"]["notes"]


def complaint(document, version):
    done = subprocess.run([sys.executable, "-c", VALIDATE, version], input=json.dumps(document), text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": kubernetes_schemas()})  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stderr.strip()


def check(program, config, folder, replace=(), **environment):
    """What `check` says of a config out of a ConfigMap, with the files that it names in our folder."""
    for old, new in replace:
        assert old in config
        config = config.replace(old, new)
    path = folder / "config.toml"
    path.write_text(config)
    clean = {name: value for name, value in os.environ.items() if name == "PATH"}
    done = subprocess.run([program, "check", "--config", path], capture_output=True, text=True, env={**clean, **environment})
    return (done.returncode, done.stdout.strip())


def environment_of(container):
    """As Kubernetes fills it; from what it is taken stands for the value."""
    return {variable["name"]: variable.get("value") or variable["valueFrom"]["fieldRef"]["fieldPath"]
            for variable in container["env"]}  # fmt: skip


# --- what Kubernetes says ---


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_what_kubernetes_knows(version):
    assert [complaint(document, version) for document in all_manifests()] == [""] * len(all_manifests())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_chart_makes_what_kubernetes_knows_with_all_its_options(version):
    made = render(*MANAGED)
    assert len(made) == 5
    assert [complaint(document, version) for document in made] == [""] * len(made)


def test_the_schemas_find_what_is_wrong():
    document = the("DaemonSet", manifest("agent"))
    containers(document["spec"]["template"]["spec"])[0]["readinesProbe"] = {}
    assert "readinesProbe" in complaint(document, VERSIONS[-1])


def test_the_chart_is_one_that_helm_likes():
    done = subprocess.run([helm(), "lint", "--strict", CHART], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_plain_manifests_are_those_of_the_chart(tmp_path):
    environment = {**os.environ, "PATH": f"{os.path.dirname(helm())}:{os.environ['PATH']}"}
    subprocess.run([KUBERNETES / "render.sh", tmp_path], check=True, env=environment)
    for name in ("agent.yaml", "center.yaml"):
        ours = (KUBERNETES / "manifests" / name).read_text()
        assert (tmp_path / name).read_text() == ours, f"run packaging/kubernetes/render.sh: {name} is not the chart's"


def test_a_center_without_a_token_is_refused():
    done = subprocess.run([helm(), "template", CHART, "--kube-version", "1.29.0", "--set", "center.enabled=true"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode != 0 and "center.adminToken is missing" in done.stderr


def test_the_chart_has_the_version_of_the_programs():
    version = re.search(r"^project\(.*?VERSION (\S+)", (TREE / "CMakeLists.txt").read_text(), re.M | re.S)[1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version, version)
    assert f"venus-agent:{version}" in (KUBERNETES / "manifests/sidecar.yaml").read_text()


# --- what our programs say ---


@pytest.mark.parametrize("name", ["agent", "sidecar"])
def test_the_agents_config_is_a_good_one(name, tmp_path):
    made = manifest(name)
    (container,) = [c for pod in pods(made) for c in containers(pod) if c["name"] == "agent"]
    config = the("ConfigMap", made)["data"]["agent.toml"]
    assert check(AGENT, config, tmp_path, **environment_of(container)) == (0, "ok")


def test_the_centers_config_is_a_good_one(tmp_path):
    made = manifest("center")
    (tmp_path / "admin-token").write_text(the("Secret", made)["stringData"]["admin-token"])
    secrets = [("/etc/venus-center/secret", str(tmp_path))]
    assert check(CENTER, the("ConfigMap", made)["data"]["center.toml"], tmp_path, secrets) == (0, "ok")


def test_the_config_of_a_center_with_a_store_of_its_own_is_a_good_one(tmp_path):
    config = the("ConfigMap", render(*MANAGED, "--show-only", "templates/center.yaml"))["data"]["center.toml"]
    for name in ("admin-token", "password"):
        (tmp_path / name).write_text("long enough")
    store = Authority(tmp_path / "authority").server_store()
    for name in ("tls.crt", "tls.key"):  # as a Secret of the type kubernetes.io/tls has them
        (tmp_path / name).write_bytes(store.read_bytes())
    secrets = [("/etc/venus-center/secret", str(tmp_path)), ("/etc/venus-center/tls", str(tmp_path))]
    assert check(CENTER, config, tmp_path, secrets) == (0, "ok")
    assert 'brokers = ["k:9092"]' in config and '"sasl.password" = ' in config


@pytest.mark.parametrize("secret, scheme", [("", "HTTP"), ("certificate", "HTTPS")])
def test_a_center_is_asked_and_told_of_as_it_serves(secret, scheme, tmp_path):
    options = ["--set", "center.enabled=true", "--set", "center.adminToken=long-enough", "--set", f"center.tlsSecret={secret}"]
    made = render(*options, "--show-only", "templates/center.yaml")
    assert ("\n[tls]\n" in the("ConfigMap", made)["data"]["center.toml"]) == bool(secret)
    (pod,) = pods(made)
    assert containers(pod)[0]["readinessProbe"]["httpGet"].get("scheme", "HTTP") == scheme
    assert [volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "tls"] == [secret] * bool(secret)
    annotations = the("Deployment", made)["spec"]["template"]["metadata"]["annotations"]
    assert annotations.get("prometheus.io/scheme", "http") == scheme.lower()
    assert f"{scheme.lower()}://venus-center:4320/v1/opamp" in notes(tmp_path, *options)


def test_whole_configs_take_the_place_of_ours():
    made = render("--set", "agent.config=# the agent's", "--set", "center.config=# the center's", "--set", "center.enabled=true",
                  "--set", "center.adminToken=long-enough")  # fmt: skip
    configs = [document["data"] for document in made if document["kind"] == "ConfigMap"]
    assert configs == [{"agent.toml": "# the agent's\n"}, {"center.toml": "# the center's\n"}]


def test_a_token_is_good_for_nodes_that_join_later_and_is_said_to_be_needed(tmp_path):
    said = notes(tmp_path, "--set", "agent.center.endpoint=http://venus-center:4320/v1/opamp")
    (command,) = re.findall(r"venusctl token create.*", said)
    assert command == "venusctl token create --kind enrolment"
    assert "No agent starts before there is the Secret venus-agent-token" in said
    assert "/var/lib/venus-agent-pods" in said


def test_the_config_of_an_agent_with_a_center_is_a_good_one(tmp_path):
    made = render(*MANAGED, "--show-only", "templates/agent.yaml")
    config = the("ConfigMap", made)["data"]["agent.toml"]
    assert '"compression.type" = "zstd"' in config
    (tmp_path / "token").write_text("secret")
    (pod,) = pods(made)
    (tmp_path / "ca.crt").write_text(Authority(tmp_path / "authority").certificate.read_text())
    secrets = [("/etc/venus-agent/token", str(tmp_path)), ("/etc/venus-agent/ca", str(tmp_path))]
    assert check(AGENT, config, tmp_path, secrets, **environment_of(containers(pod)[0])) == (0, "ok")
    (authority,) = [volume["secret"] for volume in pod["volumes"] if volume["name"] == "ca"]
    assert authority == {"secretName": "authority", "items": [{"key": "ca.crt", "path": "ca.crt"}]}, "and no private key"


def test_dockers_logs_are_read_where_it_has_them_and_nowhere_without_it():
    for options, folder in (((), None), (MANAGED, "/data/docker/containers")):
        made = render(*options, "--show-only", "templates/agent.yaml")
        (pod,) = pods(made)
        docker = [volume["hostPath"] for volume in pod["volumes"] if volume["name"] == "docker"]
        assert docker == ([{"path": folder, "type": "Directory"}] if folder else [])
        config = the("ConfigMap", made)["data"]["agent.toml"]
        assert (f'["/var/log/**", "{folder}/**"]' if folder else '["/var/log/**"]') in config


# --- what pods may do and take ---


def test_every_container_of_ours_gives_up_what_it_does_not_need():
    for pod in pods(all_manifests()):
        for container in containers(pod):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] is True
            assert security["capabilities"]["drop"] == ["ALL"]
            assert security["capabilities"].get("add", []) in ([], ["DAC_READ_SEARCH"])
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("options", [[], MANAGED], ids=["alone", "managed"])
def test_hosts_are_read_and_not_written(options):
    (pod,) = pods(render(*options, "--show-only", "templates/agent.yaml"))
    (container,) = containers(pod)
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    writable = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert [mount["mountPath"] for mount in writable] == ["/var/lib/venus-agent"]
    assert paths["data"] != "/var/lib/venus-agent", "that is the folder of the package's agent"
    for mount in container["volumeMounts"]:
        if mount["name"] in paths and mount.get("readOnly"):
            assert mount["mountPath"] == paths[mount["name"]], "links on the host lead to the same place in the pod"


def test_memory_limits_leave_room_beside_what_may_be_in_flight():
    units = {"MiB": 1 << 20, "Mi": 1 << 20, "Gi": 1 << 30}
    for name in ("agent", "sidecar"):
        made = manifest(name)
        in_flight = re.search(r'memory_limit +?= "(\d+)(MiB)"', the("ConfigMap", made)["data"]["agent.toml"])
        (container,) = [c for pod in pods(made) for c in containers(pod) if c["name"] == "agent"]
        limit = re.fullmatch(r"(\d+)(\w+)", container["resources"]["limits"]["memory"])
        assert int(limit[1]) * units[limit[2]] >= (int(in_flight[1]) + 64) * units[in_flight[2]]


# --- the DaemonSet's container, as far as that goes without a cluster ---

AS_IN_THE_POD = """
set -eu
mkdir -p /var/lib/venus-agent
mount --bind "$1/var/log" /var/log
mount -o remount,bind,ro /var/log
mount --bind "$1/var/lib/venus-agent" /var/lib/venus-agent
mount -o remount,bind,ro /
exec setpriv --bounding-set=-all,+dac_read_search --inh-caps=-all --no-new-privs "$2" run --config "$1/agent.toml"
"""


@pytest.fixture
def node(tmp_path):
    """The folders of a host with one container's log, which belongs to somebody else."""
    for folder in ("var/log/pods/shop_cart-7d9_1f2e/web", "var/lib/venus-agent"):
        (tmp_path / folder).mkdir(parents=True)
    log = tmp_path / "var/log/pods/shop_cart-7d9_1f2e/web/0.log"
    log.write_text("2026-11-28T17:04:02.345678901Z stdout F hello from a pod\n")
    os.chown(log, 4242, 4242)
    log.chmod(0o600)
    for folder in (log.parent, log.parent.parent):
        folder.chmod(0o700)
        os.chown(folder, 4242, 4242)
    return tmp_path


def test_with_one_capability_and_a_read_only_root_it_ships_what_others_logged(node, kafka, topic):
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("cannot make a mount namespace")
    name = topic()
    made = manifest("agent")
    container = containers(pods(made)[0])[0]
    port = free_port()
    config = the("ConfigMap", made)["data"]["agent.toml"]
    for old, new in (("kafka:9092", kafka.brokers), ('"containers"\nencoding', f'"{name}"\nencoding'), ("0.0.0.0:9598", f"127.0.0.1:{port}")):
        assert old in config
        config = config.replace(old, new)
    (node / "agent.toml").write_text(config)
    with open(node / "agent.log", "wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", AS_IN_THE_POD, "sh", node, AGENT],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment_of(container)},
        )  # fmt: skip
    try:
        (record,) = [json.loads(record["payload"]) for record in kafka.records(name, 1)]
        capabilities = re.search(r"CapEff:\s+(\w+)", open(f"/proc/{process.pid}/status").read())[1]
    except AssertionError:
        pytest.fail((node / "agent.log").read_text())
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0, (node / "agent.log").read_text()
    assert int(capabilities, 16) == 1 << 2, "CAP_DAC_READ_SEARCH alone"
    assert record["line"] == "hello from a pod" and record["host"] == "spec.nodeName"
    fields = record["fields"]
    assert (fields["node"], fields["cluster"]) == ("spec.nodeName", "kubernetes")
    assert json.dumps(fields).count('"shop"') == 1 and json.dumps(fields).count('"cart-7d9"') == 1
    assert (node / "var/lib/venus-agent/checkpoints").exists()
