"""The dashboard and the alert rules, by Prometheus itself and with a real agent."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
import yaml

from support.agent import free_port, kafka_sink, pipeline
from support.kafka import Kafka
from support.programs import TREE
from support.proxy import Proxy
from support.tools import promtool
from support.wait import wait_until

RULES = TREE / "packaging/prometheus/venus-agent.rules.yml"
DASHBOARD = json.loads((TREE / "packaging/grafana/venus-agent.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
NAME = re.compile(r"\bvenus_agent_[a-z_]+")


def names_in(text):
    """Families: a histogram's series are one."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(text)}


def filled(expression, interval=10, range=60):
    """As Grafana sends it, with all of each variable; interval and range in seconds."""
    for variable, value in (("$instance", ".*"), ("$pipeline", ".*"), ("$__rate_interval_ms", f"{interval * 1000}"),
                            ("$__rate_interval", f"{interval}s"), ("$__range_s", f"{range}"), ("$__range", f"{range}s")):  # fmt: skip
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


def expression_of(title):
    (panel,) = [panel for panel in PANELS if panel["title"] == title]
    (target,) = panel["targets"]
    return target["expr"]


class Prometheus:
    def __init__(self, folder, agent):
        if not shutil.which("prometheus"):
            pytest.skip("no prometheus: it is in Debian's package of this name")
        self.port = free_port()
        target = {"job_name": "venus-agent", "static_configs": [{"targets": [f"127.0.0.1:{agent.metrics_port}"]}]}
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)], "scrape_configs": [target]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._log = open(folder / "prometheus.log", "wb")
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def close(self):
        self._process.kill()
        self._process.wait()
        self._log.close()

    def get(self, path, **query):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=5) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        try:
            return self.get("query", query=expression)["result"]
        except urllib.error.URLError:  # it starts
            return []


@pytest.fixture
def watched(agent, center, logs):
    """An agent with all that there are metrics of: processors, a center and its config."""
    out = {"type": "file", "path": str(logs.parent / "out")}
    center.put_pipeline("central", logs / "*.txt", {"type": "blackhole"})
    center.put_group("all", "central")
    link = {"endpoint": center.endpoint, "heartbeat_interval": "1s", "probation": "1s"}
    shaped = {**pipeline("p", logs / "*.log", out), "processors": [{"type": "filter", "exclude": "noise"}]}
    agent.configure(shaped, center=link, allow_paths=[f"{logs}/**"]).start()
    wait_until(center.agents, "the agent to enrol")
    center.roll_out("all")
    wait_until(lambda: agent.metric("config_revision") > 0, "the central config to run")
    return agent


def test_the_rules_are_good_ones():
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_when_they_should_and_only_then():
    done = promtool("test", "rules", TREE / "tests/packaging/alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_case_for_each_alert():
    cases = (TREE / "tests/packaging/alerts.yml").read_text()
    assert [rule["alert"] for rule in ALERTS if rule["alert"] not in cases] == []


def test_each_alert_says_what_it_is_about_and_is_explained():
    operating = (TREE / "packaging/docs/operating.md").read_text()
    for rule in ALERTS:
        assert rule["annotations"].keys() == {"summary", "description"} and rule["labels"]["severity"] in ("warning", "critical")
        assert f"`{rule['alert']}`" in operating, f"{rule['alert']} is not in operating.md"


def test_every_metric_is_shown(watched):
    served = {f"venus_agent_{name}" for name, *_ in watched.scrape()}
    assert names_in(" ".join(EXPRESSIONS)) == names_in(" ".join(served))


def test_panels_show_losses_that_were_told_at_the_start_and_no_old_ones(tmp_path):
    """Of an agent that was just started, and of one that was scraped again after half an hour."""
    labels = 'job="venus-agent", pipeline="p", reason="deleted", instance='
    series = []
    for name in ("losses", "bytes_lost"):
        series += [{"series": f'venus_agent_{name}_total{{{labels}"new"}}', "values": "_x40 3x60"},
                   {"series": f'venus_agent_{name}_total{{{labels}"old"}}', "values": "4x10 _x30 4x60"}]  # fmt: skip
    for instance, values in (("new", f"_x40 {41 * 60 - 5}x60"), ("old", "-86400x10 _x30 -86400x60")):
        series.append({"series": f'venus_agent_start_time_seconds{{job="venus-agent", instance="{instance}"}}', "values": values})
    of = '{{instance="{}", pipeline="p", reason="deleted"}}'.format
    titles = ("Times that lines were lost", "Lost", "Losses")
    times, lost, losses = (filled(expression_of(title), interval=300, range=1800) for title in titles)
    cases = [{"expr": times, "eval_time": at, "exp_samples": [{"labels": "{}", "value": value}]}
             for at, value in (("5m", 0), ("50m", 3), ("90m", 0))]  # fmt: skip
    for expression in (lost, losses):
        samples = [{"labels": of("new"), "value": 3}, {"labels": of("old"), "value": 0}]
        cases += [{"expr": expression, "eval_time": "43m", "exp_samples": samples},
                  {"expr": f"{expression} > 0", "eval_time": "50m", "exp_samples": []}]  # fmt: skip
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": cases}]
    (tmp_path / "losses.yml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", tmp_path / "losses.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_happens_now_and_then_is_counted_and_not_shown_by_the_second():
    for title in ("Rotations", "Truncations", "Lost", "Losses"):
        assert "increase(" in expression_of(title) and "rate(" not in expression_of(title)


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_panel_and_every_rule_finds_what_it_asks_for(watched, logs, tmp_path):
    prometheus = Prometheus(tmp_path, watched)
    try:
        wait_until(lambda: prometheus.query('count_over_time(up{job="venus-agent"}[1m]) > 3'), "some scrapes")
        (logs / "a.log").write_text("one\nnoise\n")
        (logs / "a.txt").write_text("two\n")
        for name in ("p", "central"):
            watched.await_acked(name, 1)
        # Each selector by itself: a comparison that does not hold has no result.
        selectors = {
            selector
            for text in [*map(filled, EXPRESSIONS), *(rule["expr"] for rule in ALERTS)]
            for selector in re.findall(r"\b(?:venus_agent_\w+|up)\b(?:\{[^}]*\})?", text)
        }
        for selector in selectors:
            wait_until(lambda: prometheus.query(selector), f"anything of {selector}")
        for panel in PANELS:
            for target in panel["targets"]:
                wait_until(lambda: prometheus.query(filled(target["expr"])), f"{panel['title']}: {target['expr']}")
        for variable in DASHBOARD["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                assert all(label in found["metric"] for found in prometheus.query(filled(metric)))
        rules = wait_until(lambda: [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]], "the rules")
        wait_until(lambda: all(rule["health"] == "ok" for rule in prometheus.get("rules")["groups"][0]["rules"]), "each rule evaluated")
        assert len(rules) == len(ALERTS) and prometheus.get("alerts")["alerts"] == []
    finally:
        prometheus.close()


def test_labels_that_queries_group_by_are_served(watched):
    has = {"job", "instance", "le"}.union(*(labels for _, labels, _ in watched.scrape()))
    for text in [*EXPRESSIONS, *(rule["expr"] for rule in ALERTS)]:
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", text):
            assert set(re.split(r",\s*", labels)) <= has, text


# --- as operating.md says it for Kubernetes ---


def yaml_of_operating(key):
    """The block that begins with this key."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", (TREE / "packaging/docs/operating.md").read_text(), re.M | re.S)
    (block,) = [block for block in blocks if block.startswith(key)]
    return yaml.safe_load(block)


def test_pods_are_scraped_as_the_job_of_the_rules_under_their_nodes_names(tmp_path):
    document = yaml_of_operating("scrape_configs:")
    (job,) = document["scrape_configs"]
    manifests = yaml.safe_load_all((TREE / "packaging/kubernetes/manifests/agent.yaml").read_text())
    (daemon_set,) = [made for made in manifests if made["kind"] == "DaemonSet"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": [daemon_set["metadata"]["namespace"]]}}]
    template = daemon_set["spec"]["template"]
    (port,) = template["spec"]["containers"][0]["ports"]
    pod = {"label_app_kubernetes_io_name": template["metadata"]["labels"]["app.kubernetes.io/name"], "container_port_name": port["name"],
           "phase": "Running", "node_name": "node-1", "name": "venus-agent-x7f2q"}  # fmt: skip
    others = [{**pod, "label_app_kubernetes_io_name": "venus-center"}, {**pod, "container_port_name": "other"}, {**pod, "phase": "Failed"}]
    # What Kubernetes would tell, told by ourselves; Debian's Prometheus does not speak with it.
    told = [{f"__meta_kubernetes_pod_{name}": value for name, value in one.items()} for one in (pod, *others)]
    job["static_configs"] = [{"targets": [f"10.0.0.{number}:9598"], "labels": {"__meta_kubernetes_namespace": "venus", **labels}}
                             for number, labels in enumerate(told)]  # fmt: skip
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(document))
    done = promtool("check", "service-discovery", "--timeout=7s", path, "venus-agent")
    (labels,) = [found["labels"] for found in json.loads(done.stdout) if found.get("labels")]
    assert {name: value for name, value in labels.items() if not name.startswith("__")} == {
        "job": "venus-agent", "instance": "node-1", "namespace": "venus", "pod": "venus-agent-x7f2q"}  # fmt: skip


def test_nodes_without_an_agent_are_told(tmp_path):
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(yaml_of_operating("groups:")))
    desired = 'kube_daemonset_status_desired_number_scheduled{namespace="venus", daemonset="venus-agent"}'
    up = [{"series": f'up{{job="venus-agent", {labels}}}', "values": values}
          for labels, values in (('namespace="venus", instance="node-1"', "1x90"), ('namespace="venus", instance="node-2"', "0x30 _x60"),
                                 ('namespace="shop", instance="a-sidecar"', "1x90"))]  # fmt: skip
    cases = [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": "29m", "exp_samples": []},
             {"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "60m",
              "exp_samples": [{"labels": '{alertname="VenusAgentMissing"}', "value": 1}]}]  # fmt: skip
    none = [{"expr": 'ALERTS{alertname="VenusAgentMissing", alertstate="firing"}', "eval_time": "20m",
             "exp_samples": [{"labels": 'ALERTS{alertname="VenusAgentMissing", alertstate="firing", severity="critical"}',
                              "value": 1}]}]  # fmt: skip
    tests = [{"interval": "1m", "input_series": [{"series": desired, "values": "2x90"}, *up], "promql_expr_test": cases},
             {"interval": "1m", "input_series": [{"series": desired, "values": "2x90"}], "promql_expr_test": none}]  # fmt: skip
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", tmp_path / "tests.yml")
    assert done.returncode == 0, done.stdout + done.stderr


# --- what agents tell when it matters ---


def test_a_degraded_agent_says_so_in_its_metrics(agent, logs):
    agent.configure(pipeline("p", logs / "*.log", {"type": "file", "path": "/proc/no/such/place"}), memory_limit="64MiB").start()
    assert agent.metric("healthy") == 1 and agent.metric("in_flight_limit_bytes", pipeline="p") == 8 << 20
    (logs / "a.log").write_text("one\n")
    wait_until(lambda: agent.metric("healthy") == 0, "the agent to be degraded")
    assert agent.http_status("/readyz") == 503


def test_a_broker_that_falls_silent_fills_what_a_pipeline_may_hold(agent, logs):
    """So that the alert about it can fire, far below agent.memory_limit."""
    network = Proxy()
    with Kafka(listeners=[f"FAR:PLAINTEXT@{network.address}"]) as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        network.target = cluster.address(listener="FAR")
        cluster.create_topic("raw", partitions=16)  # few partitions have less in flight
        agent.configure(pipeline("p", logs / "*.log", kafka_sink("raw")), brokers=network.address, shutdown_timeout="1s").start()
        (logs / "a.log").write_bytes(b"a line\n")
        agent.await_acked("p", 1)
        network.silence()
        for number in range(32):
            (logs / f"{number}.log").write_bytes((b"x" * 199 + b"\n") * 10_000)
        limit = agent.metric("in_flight_limit_bytes", pipeline="p")
        wait_until(lambda: agent.metric("in_flight_bytes", pipeline="p") > 0.9 * limit, "as much in flight as may be")
        agent.stop()
    network.close()
