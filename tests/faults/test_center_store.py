"""Centers whose store is a topic of a real Kafka: of several one leads, and whoever leads next knows all of it."""

import signal
import time

import pytest
from support.center import ADMIN_TOKEN, Refused
from support.judge import Writer, assert_perfect, verify
from support.kafka import Kafka
from support.opamp import FakeAgent
from support.wait import stays, wait_until

TAKE_OVER = 40  # seconds: a session of 10, and what Kafka takes to assign anew
NGINX = 'name = "nginx"\n[source]\ninclude = ["/var/log/nginx/*.log"]\n[sink]\ntype = "blackhole"\n'


@pytest.fixture(scope="module")
def cluster():
    # As soon as may be, so that a test sees what compaction leaves.
    with Kafka(log_cleaner_backoff_ms=100) as cluster:
        yield cluster


@pytest.fixture
def store(cluster, request):
    """Of this test alone."""
    topic = f"store-{abs(hash(request.node.name))}"
    return {"type": "kafka", "brokers": [cluster.brokers], "topic": topic}


@pytest.fixture
def pair(new_center, store):
    """One that leads, and one that waits."""
    leader = new_center("first", store=store).start()
    standby = new_center("second", store=store).start(wait=False)
    wait_until(lambda: "another center leads" in standby.log_text(), "the second to wait", timeout=20)
    return leader, standby


def leads(center):
    wait_until(center.answers, "the next center to lead", timeout=TAKE_OVER)


def test_all_that_a_center_knows_is_in_its_topic(new_center, store):
    center = new_center("first", store=store).start()
    center.call("PUT", "pipelines/nginx", NGINX)
    center.call("PUT", "pipelines/other", NGINX.replace('"nginx"', '"other"'))
    center.call("DELETE", "pipelines/other")
    center.put_group("all", "nginx")
    rollout = center.roll_out("all")
    agent = FakeAgent(center.endpoint)
    agent.beat()
    known = [center.call("GET", path) for path in ("pipelines", "groups/all", f"rollouts/{rollout}", "audit")]
    center.stop()

    other = new_center("elsewhere", store=store)
    other.agents_port = center.agents_port
    other.configure(store=store).start()
    assert [other.call("GET", path) for path in ("pipelines", "groups/all", f"rollouts/{rollout}", "audit")] == known
    assert other.call("GET", "pipelines/nginx") == NGINX
    assert agent.beat() is not None, "its credential is as good as before"
    assert other.call("PUT", "pipelines/nginx", NGINX + "# changed\n")["revision"] == 2
    other.stop()


def test_when_a_center_dies_the_next_one_leads_and_agents_find_it(pair, agent, logs, tmp_path):
    leader, standby = pair
    out = tmp_path / "out"
    sink = {"type": "file", "path": str(out)}
    leader.put_pipeline("app", logs / "a.log", sink)
    leader.put_group("all", "app")
    agent.configure(
        allow_paths=[f"{logs}/**"],
        center={"endpoint": [leader.endpoint, standby.endpoint], "heartbeat_interval": "1s", "probation": "1s"},
    ).start()  # fmt: skip
    leader.roll_out("all")
    writer = Writer(logs / "a.log", "a", rate=500)
    leader.kill()
    leads(standby)
    wait_until(standby.agents, "the agent to find it")
    standby.put_pipeline("app", [logs / "a.log", logs / "b.log"], sink)
    standby.roll_out("all")
    wait_until(lambda: standby.agents()[0]["apply_status"] == "applied", "the agent to run it")

    leader.start(wait=False)
    wait_until(lambda: "another center leads" in leader.log_text(), "the first to wait in its turn", timeout=20)
    stays(lambda: standby.answers(), "whoever leads goes on", seconds=3)
    standby.stop()
    leads(leader)
    assert [one["revision"] for one in leader.call("GET", "pipelines/app/revisions")] == [2, 1]
    writers = [writer.stop()]
    wait_until(lambda: verify([out], writers)["missing"] == 0, "every line")
    agent.stop()
    assert_perfect(verify([out], writers))


def test_a_center_that_was_away_and_did_not_notice_writes_nothing_any_more(pair):
    leader, standby = pair
    leader.put_group("all")
    leader.process.send_signal(signal.SIGSTOP)
    leads(standby)
    standby.put_group("all", selector='app = "new"')
    leader.process.send_signal(signal.SIGCONT)
    try:
        leader.put_group("all", selector='app = "late"')
        pytest.fail("it was taken")
    except (Refused, OSError):
        pass
    assert leader.process.wait(TAKE_OVER) == 1, "whoever supervises it starts it again"
    assert "center cannot go on" in leader.log_text()
    leader.start(wait=False)
    assert standby.call("GET", "groups/all")["selector"] == 'app = "new"'
    standby.stop()
    leads(leader)
    assert leader.call("GET", "groups/all")["selector"] == 'app = "new"'


def test_without_brokers_it_serves_and_takes_changes_again_when_they_are_back(cluster, new_center, store):
    center = new_center("first", store=store).start()
    center.put_group("all")
    agent = FakeAgent(center.endpoint)
    agent.beat()
    cluster.stop_node(kill=True)
    wait_until(lambda: "another one may lead" in center.log_text(), "the center to notice", timeout=TAKE_OVER)
    assert agent.beat() is not None and center.call("GET", "groups/all")
    for seconds in (9.5, 4):  # the first is tried for 5 s, and then it is known
        begun = time.monotonic()
        with pytest.raises(Refused) as refused:
            center.put_group("all", selector='app = "early"')
        took = time.monotonic() - begun
        print(f"refused after {took:.1f} s: {refused.value}")
        assert refused.value.status == 503 and took < seconds, (took, refused.value)
        assert center.audit(), "what is known is shown meanwhile"
    cluster.start_node()

    def changes():
        try:
            return center.put_group("all", selector='app = "late"')
        except Refused:
            return False

    wait_until(changes, "a change to be taken", timeout=TAKE_OVER)
    assert center.call("GET", "groups/all")["selector"] == 'app = "late"'
    assert "cluster cannot be used: trying again" in center.log_text()
    wait_until(lambda: "leads again" in center.log_text(), "it to be sure of its lead", timeout=TAKE_OVER)
    stays(lambda: center.answers(), "it leads on", seconds=3)
    center.stop()


def test_a_center_that_kafka_has_forgotten_ends_and_does_not_take_a_new_id(new_center):
    forgetful = {"transactional_id_expiration_ms": 5000, "transaction_remove_expired_transaction_cleanup_interval_ms": 500}
    with Kafka(**forgetful) as cluster:
        center = new_center(store={"type": "kafka", "brokers": [cluster.brokers]}).start()
        center.put_group("all")

        def is_forgotten():
            time.sleep(7)
            try:
                center.put_group("all", selector=f'app = "{time.monotonic()}"')
                return False
            except (Refused, OSError):
                return True

        wait_until(is_forgotten, "its id to expire", timeout=60)
        assert center.process.wait(20) == 1
        assert "cannot be sure of its store any more" in center.log_text()
        center.start(wait=False)
        leads(center)
        assert center.put_group("all", selector='app = "late"')
        center.stop()


def test_compaction_leaves_what_counts(cluster, new_center, store):
    cluster.create_topic(store["topic"], cleanup_policy="compact", segment_ms=200, min_cleanable_dirty_ratio=0.01)
    center = new_center("first", store=store).start()
    for number in range(60):
        center.put_group("all", selector=f'app = "{number}"')
    center.put_group("gone")
    center.call("DELETE", "groups/gone")

    def groups_left():
        center.put_group("other", selector=f'app = "{len(center.audit())}"')  # the newest segment is not compacted
        return sum(record["key"] == "group/all" for record in cluster.everything(store["topic"]))

    wait_until(lambda: groups_left() <= 2, "the topic to be compacted", timeout=60)
    audit = center.audit()
    center.kill()
    center.start(wait=False)
    leads(center)
    assert center.call("GET", "groups/all")["selector"] == 'app = "59"'
    assert [group["name"] for group in center.call("GET", "groups")] == ["all", "other"]
    assert center.audit() == audit


@pytest.mark.parametrize(
    "config, why",
    [
        ({"partitions": 3}, "has 3 partitions (a store needs exactly 1"),
        ({"cleanup_policy": "delete"}, "has cleanup.policy = delete and would forget"),
        ({"max_message_bytes": 2000}, "has max.message.bytes = 2000 (a store needs at least"),
    ],
)
def test_a_topic_that_cannot_keep_a_store_is_refused(cluster, new_center, store, config, why):
    cluster.create_topic(store["topic"], **{"cleanup_policy": "compact", **config})
    center = new_center(store=store).start(wait=False)
    assert center.process.wait(20) == 1
    assert why in center.log_text()


def test_a_topic_with_something_else_in_it_is_refused(cluster, new_center, store):
    cluster.create_topic(store["topic"], cleanup_policy="compact")
    cluster.produce(store["topic"], "some-key", "no value of ours")
    center = new_center(store=store).start(wait=False)
    assert center.process.wait(20) == 1
    assert "it has records that are no store's" in center.log_text()


def test_a_standby_has_its_faults_told_when_it_starts(cluster, new_center, store):
    center = new_center(store={**store, "properties": {"retries": 0}}).start(wait=False)
    assert center.process.wait(20) == 1
    assert "cannot use the properties of the store" in center.log_text()
    center = new_center("other", store=store, signing_key="/nope").start(wait=False)
    assert center.process.wait(20) == 1
    assert "cannot read the signing key /nope" in center.log_text()


def test_without_any_broker_it_says_so_waits_and_ends_when_it_is_told_to(new_center):
    store = {"type": "kafka", "brokers": ["127.0.0.1:1"]}
    center = new_center(store=store).start(wait=False)
    wait_until(lambda: "Connection refused" in center.log_text(), "it to say why it waits", timeout=20)
    stays(lambda: center.running, "it waits", seconds=1)
    center.stop()
    assert ADMIN_TOKEN not in center.log_text()
