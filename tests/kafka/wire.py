"""The few requests of the Kafka protocol that a test needs, without a JVM: a Java admin command costs two seconds each.

Versions are the oldest that Kafka 4 still answers and Kafka 3 already does; all but one are from before the "flexible"
encoding.
"""

import socket
import struct
import time

METADATA, CREATE_TOPICS, DELETE_TOPICS, CREATE_ACLS, ELECT_LEADERS, REASSIGN = 3, 19, 20, 30, 43, 45
TOPIC_EXISTS = 36
SLOW_SECONDS = 60  # a broker whose disk is busy answers late


class KafkaError(Exception):
    pass


def _string(text):
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


class _Answer:
    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, layout):
        values = struct.unpack_from(">" + layout, self._data, self._at)
        self._at += struct.calcsize(">" + layout)
        return values[0]

    def string(self):
        length = self.take("h")
        if length < 0:
            return None
        self._at += length
        return self._data[self._at - length : self._at].decode()

    def array(self, item):
        return [item() for _ in range(self.take("i"))]


def _ask(broker, api, version, body, timeout=SLOW_SECONDS):
    host, port = broker.rsplit(":", 1)
    request = struct.pack(">hhi", api, version, 1) + _string("venus-tests") + body
    with socket.create_connection((host, int(port)), timeout) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            size = stream.read(4)
            if len(size) < 4:
                raise KafkaError(f"cannot ask {broker}: it closed the connection")
            answer = _Answer(stream.read(struct.unpack(">i", size)[0]))
    answer.take("i")  # the correlation id: we asked one thing
    return answer


def metadata(broker, topics=()):
    """({broker id: "host:port"}, {topic: (error, [(leader, replicas) of each partition])}), as `broker` sees it."""
    answer = _ask(broker, METADATA, 4, _array([_string(t) for t in topics]) + b"\0")
    answer.take("i")  # throttle time

    def one_broker():
        node, host, port = answer.take("i"), answer.string(), answer.take("i")
        answer.string()  # rack
        return node, f"{host}:{port}"

    def one_partition():
        answer.take("h")  # error
        partition, leader = answer.take("i"), answer.take("i")
        replicas = answer.array(lambda: answer.take("i"))
        answer.array(lambda: answer.take("i"))  # in sync
        return partition, leader, replicas

    def one_topic():
        error, name = answer.take("h"), answer.string()
        answer.take("b")  # internal
        return name, (error, [(leader, replicas) for _, leader, replicas in sorted(answer.array(one_partition))])

    brokers = dict(answer.array(one_broker))
    answer.string()  # cluster id
    answer.take("i")  # controller
    return brokers, dict(answer.array(one_topic))


def create_topic(broker, name, partitions, replication, config):
    topic = (
        _string(name)
        + struct.pack(">ih", partitions, replication)
        + _array([])  # no replica placed by hand
        + _array([_string(key) + _string(value) for key, value in config.items()])
    )
    answer = _ask(broker, CREATE_TOPICS, 2, _array([topic]) + struct.pack(">i?", 10_000, False))
    answer.take("i")  # throttle time
    for topic, error, why in answer.array(lambda: (answer.string(), answer.take("h"), answer.string())):
        if error:
            raise KafkaError(f"cannot create topic {topic}: {why or 'error'} ({error})")
    _until(lambda: _has_leaders(broker, name, partitions), f"topic {name} to have leaders")


def delete_topic(broker, name):
    answer = _ask(broker, DELETE_TOPICS, 1, _array([_string(name)]) + struct.pack(">i", 10_000))
    answer.take("i")  # throttle time
    for topic, error in answer.array(lambda: (answer.string(), answer.take("h"))):
        if error:
            raise KafkaError(f"cannot delete topic {topic}: error {error}")


OPERATIONS = {"WRITE": 4, "DESCRIBE": 8}


def allow(broker, topic, principal, operation):
    any_topic, literal, allow = 2, 3, 3
    acl = (
        struct.pack(">b", any_topic)
        + _string(topic)
        + struct.pack(">b", literal)
        + _string(principal)
        + _string("*")  # from any host
        + struct.pack(">bb", OPERATIONS[operation], allow)
    )
    answer = _ask(broker, CREATE_ACLS, 1, _array([acl]))
    answer.take("i")  # throttle time
    for error, why in answer.array(lambda: (answer.take("h"), answer.string())):
        if error:
            raise KafkaError(f"cannot allow {operation} on {topic}: {why or 'error'} ({error})")


def _compact_string(text):
    encoded = text.encode()
    assert len(encoded) < 127
    return bytes([len(encoded) + 1]) + encoded


def _compact_array(items):
    assert len(items) < 127
    return bytes([len(items) + 1]) + b"".join(items)


NO_TAGS = b"\0"


def place(broker, topic, partitions, nodes):
    """Moves all partitions of a topic to these nodes, the first of which shall lead."""
    _reassign(broker, topic, [nodes] * partitions)
    _until(lambda: set(_leaders(broker, topic)) == {nodes[0]}, f"{topic} to be led by {nodes[0]}")


def elect(broker, topic, node):
    """Makes a node that has replicas of all partitions of a topic their leader: by an election, nothing is moved."""
    replicas = [replicas for _, replicas in _topic(broker, topic)[1]]
    _reassign(broker, topic, [[node, *(other for other in each if other != node)] for each in replicas])
    partitions = _array([struct.pack(">i", partition) for partition in range(len(replicas))])

    def elected():
        answer = _ask(broker, ELECT_LEADERS, 0, _array([_string(topic) + partitions]) + struct.pack(">i", 10_000))
        answer.take("i")  # throttle time; the leaders tell how it went
        return set(_leaders(broker, topic)) == {node}

    _until(elected, f"{topic} to be led by {node}")


def _reassign(broker, topic, nodes_of_partitions):
    wanted = [
        struct.pack(">i", partition) + _compact_array([struct.pack(">i", node) for node in nodes]) + NO_TAGS
        for partition, nodes in enumerate(nodes_of_partitions)
    ]
    body = struct.pack(">i", 30_000) + _compact_array([_compact_string(topic) + _compact_array(wanted) + NO_TAGS])
    answer = _ask(broker, REASSIGN, 0, NO_TAGS + body + NO_TAGS)  # the first ones are the header's
    answer.take("b")  # the header's
    answer.take("i")  # throttle time
    error = answer.take("h")
    if error:
        raise KafkaError(f"cannot move topic {topic}: error {error}")


def _topic(broker, name):
    return metadata(broker, [name])[1][name]


def _leaders(broker, name):
    return [leader for leader, _ in _topic(broker, name)[1]]


def _has_leaders(broker, name, partitions):
    error, leaders = _topic(broker, name)[0], _leaders(broker, name)
    return error == 0 and len(leaders) == partitions and all(leader >= 0 for leader in leaders)


def _until(condition, what, timeout=SLOW_SECONDS):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise KafkaError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.02)
