"""Completion for bash and zsh out of what a program's --help says."""


def bash(command):
    name = command.path[0]
    function = "_" + name.replace("-", "_")
    commands = list(command.walk())
    known = "|".join(f'"{" ".join(one.path)}"' for one in commands[1:])
    valued = sorted({n for one in commands for o in one.options if o.takes for n in o.names})
    lines = [
        f"# bash completion for {name}, made from its --help.",
        f"{function}() {{",
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}",
        f"    local at={name} index word skip=no words=",
        "    for ((index = 1; index < COMP_CWORD; ++index)); do",
        "        word=${COMP_WORDS[index]}",
        '        if [[ $skip == yes ]]; then skip=no; continue; fi',
        '        case "$word" in',
        f"            {'|'.join(valued)}) skip=yes; continue ;;",
        "        esac",
        '        case "$at $word" in',
        f'            {known}) at="$at $word" ;;',
        "        esac",
        "    done",
        '    case "$at $before" in',
    ]
    for one in commands:
        inherited = command.options if one is not command else []
        for option in [*one.options, *inherited]:
            if option.takes:
                pattern = "|".join(f'"{" ".join(one.path)} {n}"' for n in option.names)
                lines.append(f"        {pattern}) {_bash_value(option)} return ;;")
    lines += ["    esac", '    case "$at" in']
    for one in commands:
        words = [s.path[-1] for s in one.subcommands] + [n for o in one.options for n in o.names]
        words += [n for o in command.options for n in o.names if one is not command and n not in words]
        words += [c for p in one.positionals for c in p.choices]
        lines.append(f'        "{" ".join(one.path)}") words="{" ".join(words)}" ;;')
    lines += ["    esac", '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")']
    with_files = "|".join(f'"{" ".join(one.path)}"' for one in commands if any(p.is_file for p in one.positionals))
    if with_files:
        lines += [
            '    case "$at" in',
            f'        {with_files}) mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$current") ;;',
            "    esac",
        ]
    lines += ["}", f"complete -o filenames -F {function} {name}", ""]
    return "\n".join(lines)


def _bash_value(option):
    if option.choices:
        return f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(option.choices)}" -- "$current");'
    if option.is_file:
        return 'mapfile -t COMPREPLY < <(compgen -f -- "$current");'
    return "COMPREPLY=();"


def zsh(command):
    name = command.path[0]
    lines = [f"#compdef {name}", f"# zsh completion for {name}, made from its --help.", ""]
    for one in reversed(list(command.walk())):
        lines += _zsh_function(one, command)
    lines += [f'{_zsh_name(command)} "$@"', ""]
    return "\n".join(lines)


def _zsh_name(command):
    return "_" + "_".join(command.path).replace("-", "_")


def _zsh_function(one, top):
    names = {n for o in one.options for n in o.names}
    options = one.options + [o for o in top.options if not names.intersection(o.names)]
    specs = [spec for option in options for spec in _zsh_option(option)]
    lines = [f"{_zsh_name(one)}() {{"]
    if one.subcommands:
        lines += ["    local curcontext=$curcontext state line", "    local -a commands", "    commands=("]
        lines += [f"        {_quoted(s.path[-1] + ':' + s.about)}" for s in one.subcommands]
        lines += ["    )", "    _arguments -C \\"]
        lines += [f"        {spec} \\" for spec in specs]
        lines += ["        '1: :->command' '*:: :->arguments'", '    case "$state" in']
        lines += ["        command) _describe command commands ;;", '        arguments)', '            case "$line[1]" in']
        lines += [f"                {s.path[-1]}) {_zsh_name(s)} ;;" for s in one.subcommands]
        lines += ["            esac", "            ;;", "    esac"]
    else:
        specs += [_zsh_positional(i, p) for i, p in enumerate(one.positionals, 1)]
        lines += ["    _arguments \\", *(f"        {spec} \\" for spec in specs[:-1]), f"        {specs[-1]}"]
    return [*lines, "}", ""]


def _zsh_option(option):
    about = option.about.replace("[", "(").replace("]", ")").replace(":", "\\:")
    again = "*" if option.repeats else ""
    excludes = f"({' '.join(option.names)})" if len(option.names) > 1 and not again else ""
    value = f":{option.names[-1].lstrip('-')}:{_zsh_values(option)}" if option.takes else ""
    return [_quoted(f"{excludes}{again}{name}[{about}]{value}") for name in option.names]


def _zsh_positional(place, option):
    optional = "" if option.required else ":"
    return _quoted(f"{place}:{optional}{option.names[0].lower()}:{_zsh_values(option)}")


def _zsh_values(option):
    if option.choices:
        return f"({' '.join(option.choices)})"
    return "_files" if option.is_file else " "


def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"
