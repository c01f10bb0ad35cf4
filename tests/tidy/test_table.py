"""ARCHITECTURE.md names a test for each event: they exist."""

import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parents[2]
TABLE = (TREE / "ARCHITECTURE.md").read_text().split("## Events, outcomes, tests")[1].split("\n## ")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith(("| event", "| ---"))]


def _sources(*folders, suffix):
    return {path.name: path.read_text() for folder in folders for path in (TREE / folder).rglob(f"*{suffix}")}


def test_each_row_names_tests_that_exist():
    python = _sources("tests/faults", "tests/integration", "tests/packaging", suffix=".py")
    units = "".join(_sources("tests/unit", suffix=".cpp").values())
    unknown = []
    for row in ROWS:
        _, _event, _outcome, tests, _ = re.split(r"(?<!\\)\|", row)
        names = re.findall(r"`([^`]+)`", tests)
        assert names, f"a row without a test: {row}"
        for name in names:
            if "::" in name:
                file, test = name.split("::")
                known = f"\ndef {test}(" in python.get(file, "")
            elif "." in name:
                suite, test = name.split(".")
                known = re.search(rf"^TEST(_F)?\({suite}, {test}\)", units, re.M)
            else:
                known = (TREE / name).exists()
            if not known:
                unknown.append(name)
    assert not unknown


def test_each_fault_test_is_in_a_row():
    named = set(re.findall(r"::(test_\w+)", TABLE))
    written = "".join(_sources("tests/faults", suffix=".py").values())
    assert not set(re.findall(r"^def (test_\w+)\(", written, re.M)) - named
