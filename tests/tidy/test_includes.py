"""The include check itself: it must refuse, and know what to let pass."""

import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True  # no caches in the tree
_loader = importlib.machinery.SourceFileLoader("includes", str(pathlib.Path(__file__).with_name("includes")))
includes = importlib.util.module_from_spec(importlib.util.spec_from_loader("includes", _loader))
_loader.exec_module(includes)


@pytest.fixture
def tree(tmp_path):
    """tree({"agent/read/a.h": ["common/base/b.h"]}) → the faults of such a tree; every named file exists."""

    def build(files, namespaces=()):
        spaces = dict(namespaces)
        for name in {*files, *(target for targets in files.values() for target in targets if "/" in target)}:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [f'#include "{target}"' for target in files.get(name, [])]
            lines += [f"namespace {spaces[name]} {{"] if name in spaces else []
            path.write_text("\n".join(lines))
        return includes.find_faults(tmp_path)

    return build


@pytest.mark.parametrize(
    "source, target",
    [
        ("agent/app/a.cpp", "agent/pipeline/b.h"),
        ("agent/pipeline/a.h", "agent/read/b.h"),
        ("agent/read/a.h", "agent/model/b.h"),
        ("agent/read/a.cpp", "agent/read/a.h"),
        ("agent/read/a.h", "common/base/b.h"),
        ("common/config/a.h", "common/base/b.h"),
        ("center/fleet/a.h", "common/base/b.h"),
        ("center/app/a.cpp", "center/store/b.h"),
    ],
)
def test_an_arrow_downwards_passes(tree, source, target):
    assert tree({source: [target]}) == []


@pytest.mark.parametrize(
    "source, target, why",
    [
        ("agent/read/a.h", "agent/split/b.h", "sideways"),
        ("agent/control/a.h", "agent/admin/b.h", "sideways"),
        ("agent/model/a.h", "agent/read/b.h", "upwards"),
        ("agent/pipeline/a.h", "agent/app/b.h", "upwards"),
        ("center/model/a.h", "center/store/b.h", "upwards"),
        ("center/store/a.h", "center/rollout/b.h", "sideways"),
        ("common/base/a.h", "agent/model/b.h", "must not know agent/"),
        ("common/base/a.h", "common/config/b.h", "base is the bottom"),
        ("agent/app/a.h", "center/fleet/b.h", "must not know center/"),
        ("center/fleet/a.h", "agent/model/b.h", "must not know agent/"),
        ("agent/app/a.h", "agent/novel/b.h", "has no floor"),
        ("agent/app/a.h", "tests/support/b.h", "stands on"),
        ("agent/app/a.h", "b.h", "no such file"),
    ],
)
def test_any_other_arrow_is_refused(tree, source, target, why):
    (fault,) = tree({source: [target]})
    assert fault.startswith(f"{source}:1: error: includes {target}: ") and why in fault


def test_a_cycle_in_common_is_refused_once(tree):
    (fault,) = tree({"common/net/a.h": ["common/telemetry/b.h"], "common/telemetry/b.h": ["common/net/a.h", "common/telemetry/c.h"]})
    assert "cycle: common/net -> common/telemetry -> common/net" in fault


def test_a_namespace_is_its_folder(tree):
    assert tree({"agent/read/a.h": []}, {"agent/read/a.h": "agent::read"}) == []
    assert tree({"common/net/a.h": []}, {"common/net/a.h": "net"}) == []
    (fault,) = tree({"common/net/a.h": []}, {"common/net/a.h": "network"})
    assert "its folder says net" in fault
