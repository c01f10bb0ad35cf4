"""Fixtures that every end-to-end test shares: one broker for the session, agents that never outlive their test."""

import itertools
import signal
import sys

import pytest

sys.dont_write_bytecode = True  # no caches in the tree

from support.agent import Agent  # noqa: E402
from support.center import Center  # noqa: E402
from support.judge import kill_writers  # noqa: E402
from support.kafka import Kafka  # noqa: E402

_numbers = itertools.count(1)
# So that fixtures are torn down then, too; an exit by sys.exit() would be one test's failure.
signal.signal(signal.SIGTERM, lambda *_: pytest.exit("SIGTERM", returncode=143))


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also the tests that take minutes")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; runs only with --long")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: needs --long"))


@pytest.fixture(autouse=True)
def no_writer_outlives_its_test():
    yield
    kill_writers()


@pytest.fixture(scope="session")
def kafka():
    with Kafka() as cluster:
        yield cluster


@pytest.fixture
def topic(kafka):
    """Makes a topic of its own for the test: topic(partitions=1, **config) → its name."""

    def make(partitions=1, **config):
        name = f"t{next(_numbers)}"
        kafka.create_topic(name, partitions, **config)
        return name

    return make


@pytest.fixture
def new_agent(tmp_path):
    """Makes an agent with a folder of its own; it is killed at the end and its log shown, which pytest prints on failure."""
    agents = []

    def make(name="agent"):
        agents.append(Agent(tmp_path / name))
        return agents[-1]

    yield make
    for agent in agents:
        agent.kill()
        print(f"--- log of {agent.folder.name} ---\n{agent.log_tail()}")


@pytest.fixture
def agent(new_agent):
    return new_agent()


@pytest.fixture
def new_center(tmp_path):
    """Makes a center with a folder of its own, not started yet; it is killed at the end and its log shown."""
    centers = []

    def make(name="center", **options):
        centers.append(Center(tmp_path / name).configure(**options))
        return centers[-1]

    yield make
    for center in centers:
        center.kill()
        print(f"--- log of {center.folder.name} ---\n{center.log_tail()}")


@pytest.fixture
def center(new_center):
    return new_center().start()


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder
