"""A log, and the lines that a file sink has got of it."""

import pytest

from support.lines import whole_lines


@pytest.fixture
def log(tmp_path):
    return tmp_path / "a.log"


@pytest.fixture
def arrived(tmp_path):
    """Called, it reads them: UTF-8, or it fails."""
    path = tmp_path / "arrived"

    def read():
        return whole_lines(path)

    read.path = path
    return read
