"""Tools of others that tests check our files with. What Debian has not is kept in ~/.cache/venus-agent/tools, made once."""

import functools
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TOOLS = pathlib.Path.home() / ".cache/venus-agent/tools"
HELM = "helm.sh/helm/v3/cmd/helm@v3.16.4"
SCHEMAS = "kubernetes-validate==1.37.0"


@functools.cache
def helm():
    """The path of helm; built by go where there is none, which takes some minutes."""
    if found := shutil.which("helm", path=f"{os.environ['PATH']}:{TOOLS}"):
        return found
    if not shutil.which("go"):
        pytest.skip("neither helm nor go, which could build it")
    built = subprocess.run(["go", "install", HELM], env={**os.environ, "GOBIN": str(TOOLS)}, capture_output=True, text=True)
    if built.returncode != 0:
        pytest.skip(f"cannot build helm: {built.stderr.strip().splitlines()[-1]}")
    return str(TOOLS / "helm")


@functools.cache
def kubernetes_schemas():
    """A folder for PYTHONPATH with the module kubernetes_validate, which brings the schemas of Kubernetes."""
    folder = TOOLS / SCHEMAS
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        got = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", made, SCHEMAS], capture_output=True, text=True)
        if got.returncode != 0:
            pytest.skip(f"cannot get {SCHEMAS}: {(got.stderr.strip() or 'pip failed').splitlines()[-1]}")
        made.rename(folder)
    return str(folder)


def promtool(*arguments):
    if not shutil.which("promtool"):
        pytest.skip("no promtool: it is in Debian's package prometheus")
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
