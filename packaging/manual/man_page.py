"""A manual page (man(7)) out of what a program's --help says, and of a file with what it does not say."""


def render(command, section, version, date, more):
    name = command.path[0]
    lines = [
        f'.TH {name.upper()} {section} "{date}" "{name} {version}" "Venus-Agent"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(_without_name(command.about, name))}",
        ".SH SYNOPSIS",
    ]
    leaves = [one for one in command.walk() if not one.subcommands]
    for leaf in leaves:
        lines += [".br", f".B {_text(' '.join(leaf.path))}", _text(_arguments(leaf))]
    lines.remove(".br")  # before the first
    lines += [".SH OPTIONS", *_entries(command.options), ".SH COMMANDS"]
    for leaf in leaves:
        lines += [f".SS {_text(' '.join(leaf.path))}", _text(leaf.about) + "."]
        lines += _entries(leaf.positionals) + _entries(o for o in leaf.options if "--help" not in o.names)
    return "\n".join(lines) + "\n" + more


def _without_name(about, name):
    return about.removeprefix(name + " ").rstrip(".")


def _arguments(leaf):
    words = leaf.usage.split()[len(leaf.path) :]
    needed = [f"{o.names[-1]} {o.takes}" for o in leaf.options if o.required]
    return " ".join([w for w in words if w == "[OPTIONS]"] + needed + [w for w in words if w != "[OPTIONS]"])


def _entries(options):
    lines = []
    for option in options:
        names = ", ".join(option.names)
        if option.names[0].startswith("-") and option.takes:
            names += f" {option.takes}"
        facts = []
        if option.choices:
            facts.append("one of " + ", ".join(option.choices))
        if option.default:
            facts.append(f"default: {option.default}")
        if option.environment:
            facts.append(f"environment: {option.environment}")
        if option.repeats:
            facts.append("may be given again")
        about = option.about + (f" ({'; '.join(facts)})" if facts else "")
        lines += [".TP", f".B {_text(names)}", _text(about)]
    return lines


def _text(text):
    """As plain text: no macro at its beginning, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\\&" + text if text.startswith((".", "'", "\\(aq")) else text
