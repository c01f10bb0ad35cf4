import os

import pytest

from support.machine import Machine


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="installs packages and boots machines: needs root"))


@pytest.fixture(scope="module")
def machine():
    booted = Machine()
    yield booted
    booted.close()
