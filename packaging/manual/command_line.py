"""What a program's --help says, of the program and of each of its subcommands."""

import dataclasses
import re
import subprocess

_COLUMN = 30  # of CLI11's help, where what an option is for begins


@dataclasses.dataclass
class Option:
    names: list  # ["-c", "--config"]; of a positional its one name
    takes: str  # the value's type: TEXT, UINT; "" for a flag
    choices: list  # what the value may be; empty: anything
    default: str
    environment: str
    required: bool
    repeats: bool
    about: str

    @property
    def is_file(self):
        return self.names[-1] in ("FILE", "--config", "--socket") or self.names[-1].endswith("file")


@dataclasses.dataclass
class Command:
    path: list  # ["venus-agent", "checkpoints", "set"]
    about: str
    usage: str
    positionals: list
    options: list
    subcommands: list

    def walk(self):
        yield self
        for one in self.subcommands:
            yield from one.walk()


def read(program, path):
    """`program` is the file to run, `path` how the command is called."""
    done = subprocess.run([program, *path[1:], "--help"], capture_output=True, text=True, check=True, env={})
    text = done.stdout
    about, usage, sections = _sections(text)
    return Command(
        path,
        about,
        usage,
        [_option(left.strip(), about) for left, about in sections.get("Positionals", [])],
        [_option(left.strip(), about) for left, about in sections.get("Options", [])],
        [read(program, [*path, entry[0].split()[0]]) for entry in sections.get("Subcommands", [])],
    )


def _sections(text):
    """The sentence on top, the usage, and each section's entries: (what stands on the left, what it is for)."""
    head, _, rest = text.partition("Usage: ")
    usage, _, rest = rest.partition("\n")
    sections, entries = {}, None
    for line in filter(None, rest.splitlines()):
        if not line.startswith(" "):
            entries = sections.setdefault(line.rstrip(":"), [])
        elif line.startswith(" " * _COLUMN):  # what stands above was too wide
            entries[-1] = ("".join(entries[-1]), line.strip())
        else:
            entries.append((line[:_COLUMN].removeprefix("  "), line[_COLUMN:]))
    return " ".join(head.split()), usage, sections


_LEFT = re.compile(
    r"(?P<names>[^\s:]+)(?: (?P<type>[A-Z]+))?(?::(?:\{(?P<choices>[^}]*)\}|[A-Z]+))?(?:=(?P<default>\S+))?"
    r"(?P<repeats> \.\.\.)?(?P<required> REQUIRED)?(?: \(Env:(?P<environment>\w+)\))?"
)


def _option(left, about):
    match = _LEFT.fullmatch(left)
    if not match:
        raise ValueError(f"cannot read this option of the help: {left!r}")
    return Option(
        names=match["names"].split(","),
        takes=match["type"] or "",
        choices=match["choices"].split(",") if match["choices"] else [],
        default=match["default"] or "",
        environment=match["environment"] or "",
        required=bool(match["required"]),
        repeats=bool(match["repeats"]),
        about=about,
    )
