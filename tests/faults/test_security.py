"""Wrong credentials hold delivery up and are said; the right ones, by a reload, bring everything."""

import pytest

from support.agent import kafka_sink, pipeline
from support.certificates import Authority
from support.judge import assert_perfect, consume, write
from support.kafka import Kafka
from support.wait import stays, wait_until

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required user_agent='sesame' ;"


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


def tls(authority):
    return {"security.protocol": "ssl", "ssl.ca.location": str(authority.certificate)}


def login(authority, password):
    return {
        **tls(authority),
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "agent",
        "sasl.password": password,
    }


@pytest.mark.parametrize("way", ["TLS", "LOGIN"])
def test_wrong_credentials_hold_up_and_right_ones_deliver(guarded, authorities, agent, logs, way):
    ours, strangers = authorities["ours"], authorities["strangers"]
    wrong, right, why = {
        "TLS": (tls(strangers), tls(ours), "certificate verify failed"),
        "LOGIN": (login(ours, "swordfish"), login(ours, "sesame"), "uthentication failed"),
    }[way]
    topic = way.lower()
    guarded.create_topic(topic)
    guarded.allow(topic, "User:agent", "WRITE")
    brokers = guarded.address(listener=way)
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
    assert_perfect(consume(guarded.brokers, topic, [writer]))
    agent.stop()


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
