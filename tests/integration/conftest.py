"""A log, and the lines that a file sink has got of it."""

import pytest


@pytest.fixture
def log(tmp_path):
    return tmp_path / "a.log"


@pytest.fixture
def arrived(tmp_path):
    """Called, it reads them: UTF-8, or it fails."""
    path = tmp_path / "arrived"

    def read():
        return path.read_bytes().decode().splitlines() if path.exists() else []

    read.path = path
    return read
