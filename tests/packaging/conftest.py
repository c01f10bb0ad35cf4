import os
import pathlib

import pytest

from support.containers import Containers
from support.machine import Machine


FOLDER = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    for item in items:
        if item.path.parent == FOLDER:
            item.add_marker(pytest.mark.skip(reason="installs packages and boots machines: needs root"))


@pytest.fixture(scope="module")
def machine():
    booted = Machine()
    yield booted
    booted.close()


@pytest.fixture(scope="session")
def containers():
    runtime = Containers()
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def image(containers):
    containers.import_base()
    containers.build("localhost/venus-agent", "agent")
    return ["localhost/venus-agent"]
