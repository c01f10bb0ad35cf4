"""What is in the packages, without installing them anywhere."""

import gzip
import json
import os
import re
import subprocess

import pytest

from support.packages import DIST, PROGRAMS, deb, field, output, unpack
from support.programs import BIN, TREE

INSTALLED_KIB_MAX = 15 << 10
LIBRARIES_MAX = 15  # which a program names itself, libc's own among them
MANUALS = {"venus-agent": "man8/venus-agent.8", "venus-center": "man8/venus-center.8", "venusctl": "man1/venusctl.1"}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """{program: the folder into which its package was unpacked}."""
    return {name: unpack(deb(name), tmp_path_factory.mktemp(name)) for name in PROGRAMS}


def test_lintian_has_nothing_against_them():
    packages = sorted(DIST.glob("*.deb"))
    assert len(packages) == 2 * len(PROGRAMS)  # each with its symbols
    done = subprocess.run(
        ["lintian", "--allow-root", "--no-tag-display-limit", "--fail-on", "error,warning", *packages],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_agent_is_small_and_needs_few_libraries(trees):
    size = int(field(deb("venus-agent"), "Installed-Size"))
    needed = re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", trees["venus-agent"] / "usr/bin/venus-agent"))
    print(f"venus-agent: {size} KiB installed, {len(needed)} libraries")
    assert size <= INSTALLED_KIB_MAX
    assert len(needed) <= LIBRARIES_MAX, needed


@pytest.mark.parametrize("program", PROGRAMS)
def test_symbols_are_apart_and_belong_to_the_program(trees, tmp_path, program):
    stripped = trees[program] / "usr/bin" / program
    build_id = re.search(r"Build ID: (\w+)", output("readelf", "-n", stripped))[1]
    assert ".debug_info" not in output("readelf", "-SW", stripped)
    symbols = unpack(deb(f"{program}-dbgsym"), tmp_path)
    file = symbols / f"usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    assert ".debug_info" in output("readelf", "-SW", file)


def test_sums_are_right_and_complete():
    output("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=DIST)
    named = {line.split()[1].lstrip("*") for line in (DIST / "SHA256SUMS").read_text().splitlines()}
    assert named == {path.name for path in DIST.iterdir()} - {"SHA256SUMS"}


def test_nothing_in_them_tells_when_or_where_they_were_built():
    for name in PROGRAMS:
        moments = {tuple(line.split()[3:5]) for line in output("dpkg-deb", "-c", deb(name)).splitlines()}
        assert len(moments) == 1, f"{name}: {moments}"
        rpm = next(DIST.glob(f"{name}-*.rpm"))
        host, built, *files = output("rpm", "-qp", "--qf", "%{BUILDHOST} %{BUILDTIME} [%{FILEMTIMES} ]", rpm).split()
        assert host == "localhost" and max(map(int, files)) <= int(built)


def test_what_a_program_is_made_of_is_told(trees):
    document = json.loads(next(DIST.glob("venus-agent_*.spdx.json")).read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    versions = {package["name"]: package["versionInfo"] for package in document["packages"]}
    kinds = {}
    for relation in document["relationships"]:
        kinds.setdefault(relation["relationshipType"], set()).add(relation["relatedSpdxElement"].split("Debian-")[-1])
    assert {"librocksdb-dev", "libprotobuf-dev", "libre2-dev", "libcli11-dev"} <= kinds["STATIC_LINK"]
    # What the package depends on is what the program loads; the rest of its dependencies are no libraries.
    depends = re.findall(r"(lib[^ ,]+|zlib1g)", field(deb("venus-agent"), "Depends"))
    for name in depends:
        real = output("dpkg-query", "-W", "-f", "${Package}\n", name).splitlines()[0] if name in versions else name
        installed = {re.sub(r"[^A-Za-z0-9.-]", "-", real)}
        assert installed & kinds["DYNAMIC_LINK"] or name == "libspdlog1.10-fmt9", name
    assert "libspdlog1.10" in kinds["DYNAMIC_LINK"]
    assert versions["librdkafka1"] == output("dpkg-query", "-W", "-f", "${Version}", "librdkafka1")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_manual_has_every_command_and_option(trees, program):
    file = trees[program] / f"usr/share/man/{MANUALS[program]}.gz"
    source = gzip.decompress(file.read_bytes())
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=source, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    page = subprocess.run(["mandoc", "-T", "ascii"], input=source, capture_output=True, check=True).stdout.decode()
    page = re.sub(".\x08", "", page)  # bold is a letter twice
    for path, words in _help_of(program).items():
        assert " ".join(path) in page
        for word in words:
            assert word in page, f"{' '.join(path)}: {word}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_bash_completes_every_command_and_option(trees, program):
    file = trees[program] / f"usr/share/bash-completion/completions/{program}"
    output("shellcheck", "-s", "bash", file)
    for path, words in _help_of(program).items():
        for word in words:
            offered = _bash_offers(file, path, word[:-1])
            assert word in offered, f"{' '.join(path)} {word[:-1]}⇥: {offered}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_zsh_completes_every_command_and_option(trees, program):
    file = trees[program] / f"usr/share/zsh/vendor-completions/_{program}"
    output("zsh", "-n", file)
    text = file.read_text()
    for path, words in _help_of(program).items():
        name = "_" + "_".join(path).replace("-", "_")
        body = text.split(f"\n{name}() {{")[1].split("\n}\n")[0]
        for word in words:
            assert re.search(rf"[){{,*' ]{re.escape(word)}[\[:) ]", body), f"{name}: {word}"


def _help_of(program, path=None):
    """{("venus-agent", "run"): its options and subcommands}, of the program that was built, not of the packages."""
    path = path or (program,)
    text = output(BIN / program, *path[1:], "--help")
    commands = re.findall(r"^  ([a-z]+)\s", text.split("\nSubcommands:\n")[1], re.M) if "\nSubcommands:" in text else []
    found = {path: re.findall(r"(?<![\w-])--[a-z-]+", text) + commands}
    for command in commands:
        found |= _help_of(program, (*path, command))
    return found


def _bash_offers(file, path, begun):
    words = " ".join(f"'{word}'" for word in (*path, begun))
    script = f"source '{file}'; COMP_WORDS=({words}); COMP_CWORD={len(path)}; _{path[0].replace('-', '_')}; "
    return output("bash", "-c", script + "printf '%s\\n' \"${COMPREPLY[@]}\"").splitlines()


def test_one_of_several_agents_is_as_confined_as_the_one():
    one, several = ((TREE / f"systemd/venus-agent{n}.service").read_text() for n in ("", "@"))
    own = ("#", "Description=", "ExecStart=", "StateDirectory=", "RuntimeDirectory=")
    assert [l for l in one.splitlines() if not l.startswith(own)] == [
        l for l in several.splitlines() if not l.startswith(own)
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_rpm_has_the_same_files(trees, tmp_path, program):
    rpm = next(DIST.glob(f"{program}-*.rpm"))
    root = tmp_path / "root"
    output("rpm", "--root", root, "--initdb")
    output("rpm", "--root", root, "--install", "--nodeps", "--noscripts", "--ignoreos", rpm)
    installed = {str(p.relative_to(root)) for p in _files(root) if not str(p.relative_to(root)).startswith("var/lib/rpm")}
    installed -= {p for p in installed if "/.rpm" in p or p.startswith("root/")}
    assert installed == {str(p.relative_to(trees[program])) for p in _files(trees[program])}
    configs = set(output("rpm", "-qpc", rpm).split())
    assert configs == {f"/{p}" for p in installed if p.startswith("etc/")}


def _files(root):
    return [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]


def test_the_default_config_is_right(trees):
    done = subprocess.run(
        [BIN / "venus-agent", "check", "--config", trees["venus-agent"] / "etc/venus-agent/agent.toml"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout


def test_examples_and_pages_are_in_the_package(trees):
    pages = trees["venus-agent"] / "usr/share/doc/venus-agent"
    for page in ("examples/agent.reference.toml", "examples/containers.toml", "examples/venus-agent.rules.yml",
                 "examples/grafana/venus-agent.json"):
        assert os.access(pages / page, os.R_OK), page
    assert list(pages.glob("operating.md*")) and list(pages.glob("coming-from.md*"))
