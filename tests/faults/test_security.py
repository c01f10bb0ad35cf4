"""Wrong credentials hold delivery up and are said; the right ones, by a reload, bring everything."""

import os
import time

import pytest

from support.agent import kafka_sink, pipeline
from support.certificates import Authority
from support.judge import assert_perfect, consume, write
from support.kafka import Kafka
from support.wait import stays, wait_until

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required user_agent='sesame' user_novice='sesame' ;"
SCRAM = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {name: Authority(folder / name) for name in ("ours", "strangers")}


@pytest.fixture(scope="module")
def guarded(authorities):
    """TLS, passwords and rights; by the plain listener comes the judge, who may do everything."""
    with Kafka(
        listeners=["TLS:SSL", "LOGIN:SASL_SSL"],
        ssl_keystore_type="PEM",
        ssl_keystore_location=authorities["ours"].server_store(),
        listener_name_login_sasl_enabled_mechanisms="PLAIN",
        listener_name_login_plain_sasl_jaas_config=PLAIN,
        authorizer_class_name="org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        super_users="User:ANONYMOUS",
    ) as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        yield cluster


@pytest.fixture(scope="module")
def scrambled():
    """Of the last line that takes what librdkafka before 2.6.1 says in SCRAM: the client's nonce twice."""
    if os.environ.get("KAFKA_HOME"):
        pytest.skip("needs a Kafka of its own choice")
    with Kafka(
        version="3.9.2",
        listeners=["LOGIN:SASL_PLAINTEXT"],
        scram=[f"{mechanism}:agent:sesame" for mechanism in SCRAM],
        listener_name_login_sasl_enabled_mechanisms=",".join(SCRAM),
        **{f"listener.name.login.{mechanism.lower()}.sasl.jaas.config": SCRAM_MODULE for mechanism in SCRAM},
    ) as cluster:
        if not cluster.ours:
            pytest.skip("needs a broker of its own")
        yield cluster


def tls(authority):
    return {"security.protocol": "ssl", "ssl.ca.location": str(authority.certificate)}


def login(authority, password, user="agent"):
    return {
        **tls(authority),
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password,
    }


def scram(mechanism, password):
    return {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": mechanism,
        "sasl.username": "agent",
        "sasl.password": password,
    }


def assert_held_up_until_right(cluster, listener, agent, logs, topic, wrong, right, why):
    cluster.create_topic(topic)
    brokers = cluster.address(listener=listener)
    flow = pipeline("p", logs / "*.log", kafka_sink(topic))
    agent.configure(flow, brokers=brokers, properties=wrong).start()
    writer = write(logs / "a.log", "a", 2_000)
    wait_until(lambda: agent.health() == "degraded", "status to be degraded")
    wait_until(lambda: why in agent.reasons(), "status to say why")
    assert why in agent.log_text()
    assert agent.metric("records_acked_total") == 0
    assert "swordfish" not in agent.log_text() + agent.reasons(), "a password is never told"

    agent.configure(flow, brokers=brokers, properties=right).reload()
    agent.await_acked("p", 2_000)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    assert_perfect(consume(cluster.brokers, topic, [writer]))
    agent.stop()


@pytest.mark.parametrize("way", ["TLS", "LOGIN"])
def test_wrong_credentials_hold_up_and_right_ones_deliver(guarded, authorities, agent, logs, way):
    ours, strangers = authorities["ours"], authorities["strangers"]
    guarded.allow(way.lower(), "User:agent", "WRITE")
    wrong, right, why = {
        "TLS": (tls(strangers), tls(ours), "certificate verify failed"),
        "LOGIN": (login(ours, "swordfish"), login(ours, "sesame"), "uthentication failed"),
    }[way]
    assert_held_up_until_right(guarded, way, agent, logs, way.lower(), wrong, right, why)


@pytest.mark.parametrize("mechanism", SCRAM)
def test_a_wrong_scram_password_holds_up_and_the_right_one_delivers(scrambled, agent, logs, mechanism):
    wrong, right = scram(mechanism, "swordfish"), scram(mechanism, "sesame")
    assert_held_up_until_right(scrambled, "LOGIN", agent, logs, mechanism, wrong, right, "uthentication failed")


def test_a_topic_that_may_not_be_written_holds_up_its_pipeline_and_no_other(guarded, authorities, agent, logs):
    for topic in ("allowed", "denied"):
        guarded.create_topic(topic)
    guarded.allow("allowed", "User:agent", "WRITE")
    guarded.allow("denied", "User:agent", "DESCRIBE")
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink("denied")),
        pipeline("q", logs / "*.log", kafka_sink("allowed")),
        brokers=guarded.address(listener="LOGIN"),
        properties=login(authorities["ours"], "sesame"),
    ).start()
    writer = write(logs / "a.log", "a", 2_000)
    agent.await_acked("q", 2_000)
    wait_until(lambda: "pipeline p" in agent.reasons(), "status to be degraded")
    assert "pipeline q" not in agent.reasons()
    assert "uthorization failed" in agent.log_text()
    stays(lambda: agent.metric("records_acked_total", pipeline="p") == 0, "nothing is taken", seconds=1)

    guarded.allow("denied", "User:agent", "WRITE")
    agent.await_acked("p", 2_000)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    for topic in ("allowed", "denied"):
        assert_perfect(consume(guarded.brokers, topic, [writer]))
    agent.stop()


@pytest.mark.parametrize("on_reject", ["drop", "dead_letter"])
def test_what_a_topic_refuses_goes_where_the_pipeline_says(guarded, authorities, agent, logs, on_reject):
    refusing, dead = f"refusing-{on_reject}", f"dead-{on_reject}"
    for topic in (refusing, dead):
        guarded.create_topic(topic)
    guarded.allow(refusing, "User:agent", "DESCRIBE")
    guarded.allow(dead, "User:agent", "WRITE")
    set_aside = {"dead_letter_topic": dead} if on_reject == "dead_letter" else {}
    sink = kafka_sink(refusing, on_reject=on_reject, **set_aside)
    agent.configure(
        pipeline("p", logs / "*.log", sink),
        brokers=guarded.address(listener="LOGIN"),
        properties=login(authorities["ours"], "sesame"),
    ).start()
    writer = write(logs / "a.log", "a", 2_000)
    reason = {"drop": "rejected", "dead_letter": "dead_letter"}[on_reject]
    wait_until(lambda: agent.metric("records_dropped_total", reason=reason) == 2_000, "each record to be dropped once")
    if on_reject == "dead_letter":
        assert_perfect(consume(guarded.brokers, dead, [writer]))
    assert "uthorization failed" in agent.log_text()
    books = agent.books("p")
    assert (books["acked"], books["lag"], books["in_flight_bytes"]) == (0, 0, 0), books
    if on_reject == "drop":
        assert (books["read"], books["failed"]) == (2_000, 0), books
    else:  # what came while a batch was on its way to the dead-letter topic was read again, at most once each time
        assert books["read"] - books["failed"] == 2_000, books
    agent.stop()


def test_a_producer_that_fails_for_good_is_replaced_until_one_delivers(guarded, authorities, agent, logs):
    """Who may not write anything gets no producer id, and to an idempotent producer that is fatal."""
    guarded.create_topic("novice")
    guarded.allow("novice", "User:novice", "DESCRIBE")
    agent.configure(
        pipeline("p", logs / "*.log", kafka_sink("novice")),
        brokers=guarded.address(listener="LOGIN"),
        properties=login(authorities["ours"], "sesame", user="novice"),
    ).start()
    writer = write(logs / "a.log", "a", 2_000)
    wait_until(lambda: agent.log_text().count("producer failed for good") >= 2, "the producer to be replaced")
    assert agent.metric("records_acked_total") == 0
    guarded.allow("novice", "User:novice", "WRITE")
    agent.await_acked("p", 2_000)
    wait_until(lambda: agent.health() == "healthy", "status to be healthy")
    assert_perfect(consume(guarded.brokers, "novice", [writer]))
    agent.stop()


@pytest.mark.parametrize("on_reject", ["block", "drop", "dead_letter"])
def test_of_topics_out_of_fields_only_those_that_may_not_be_written_are_held_up(
    guarded, authorities, agent, logs, on_reject
):
    open_topic, shut, letters = (f"{on_reject}-{name}" for name in ("open", "shut", "letters"))
    for topic in (open_topic, shut, letters):
        guarded.create_topic(topic)
    guarded.allow(open_topic, "User:agent", "WRITE")
    guarded.allow(letters, "User:agent", "WRITE")
    guarded.allow(shut, "User:agent", "DESCRIBE")
    sink = kafka_sink(on_reject + "-{fields.t}", fallback_topic=open_topic, on_reject=on_reject)
    if on_reject == "dead_letter":
        sink["dead_letter_topic"] = letters
    agent.configure(
        {**pipeline("p", logs / "*.json", sink), "processors": [{"type": "parse", "format": "json"}]},
        brokers=guarded.address(listener="LOGIN"),
        properties=login(authorities["ours"], "sesame"),
    ).start()
    lines = [f'{{"n":{n},"t":"{("open", "shut")[n % 2]}"}}' for n in range(2_000)]
    (logs / "a.json").write_text("".join(line + "\n" for line in lines))
    if on_reject == "block":
        wait_until(lambda: "pipeline p" in agent.reasons(), "status to be degraded")
        assert "uthorization failed" in agent.log_text()
        held_back = [len(lines[0]) + 1]  # before the second record
        wait_until(lambda: [c["offset"] for c in agent.checkpoints()] == held_back, "it to wait for the second record")
        sent = len(guarded.everything(open_topic))
        time.sleep(3)
        assert len(guarded.everything(open_topic)) == sent, "its neighbours come again and again"
        guarded.allow(shut, "User:agent", "WRITE")
    wait_until(lambda: agent.metric("file_lag_bytes") == 0 and agent.books("p")["acked"] > 0, "all to be delivered", 60)
    arrived = guarded.everything(open_topic)
    assert {record["payload"] for record in arrived} == set(lines[::2])
    given_up = guarded.everything({"block": shut, "drop": shut, "dead_letter": letters}[on_reject])
    assert {record["payload"] for record in given_up} == (set() if on_reject == "drop" else set(lines[1::2]))
    if on_reject != "block":
        assert len(arrived) == 1_000, "nothing twice"
        assert agent.metric("records_dropped_total") == 1_000
    if on_reject == "dead_letter":
        assert {record["headers"]["topic"] for record in given_up} == {shut}
    books = agent.books("p")
    assert books["read"] == books["acked"] + books["dropped"] + books["failed"], books
    agent.stop()
