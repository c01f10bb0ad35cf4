"""The packages that packaging/build.sh left in dist/, and what is taken out of them."""

import pathlib
import subprocess

from support.programs import TREE

DIST = TREE / "dist"
PROGRAMS = ("venus-agent", "venus-center", "venusctl")


def deb(name):
    found = sorted(DIST.glob(f"{name}_*_*.deb"))
    assert len(found) == 1, f"{len(found)} packages of {name} in dist/: run packaging/build.sh"
    return found[0]


def field(package, name):
    return output("dpkg-deb", "-f", package, name).strip()


def unpack(package, folder):
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder


def with_version(package, version, folder):
    """The same package as if it had been built as another version."""
    folder = pathlib.Path(folder)
    tree = folder / f"{package.name}-{version}"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("\n".join(f"Version: {version}" if l.startswith("Version:") else l for l in lines) + "\n")
    made = folder / f"{field(package, 'Package')}_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, made], check=True, stdout=subprocess.DEVNULL)
    return made


def output(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **options).stdout
