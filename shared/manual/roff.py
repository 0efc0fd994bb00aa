"""Commands as a page for `man`, in roff with the macros of man(7). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.manual.commands import Command


def man_page(program: Command, release: str) -> str:
    """The page of section 1 for a program and all its commands."""
    return "\n".join(_lines(program, release)) + "\n"


def _lines(program: Command, release: str) -> Iterator[str]:
    yield f'.TH "{_escaped(program.name.upper())}" 1 "" "{_escaped(release)}" "Proctor Edge"'
    yield ".ad l"
    yield ".SH NAME"
    yield f"{_escaped(program.name)} \\- {_escaped(program.summary)}"
    yield ".SH SYNOPSIS"
    yield f"\\fB{_escaped(program.name)}\\fR {_escaped(program.usage)}"
    yield ".SH DESCRIPTION"
    yield from _text(program.help)
    yield from _text(program.epilog)
    if program.parameters:
        yield ".SH OPTIONS"
        yield from _parameters(program)
    yield ".SH COMMANDS"
    for command in program.below:
        yield f'.SS "{_escaped(command.name)} {_escaped(command.usage)}"'
        yield from _text(command.help)
        yield from _parameters(command)


def _parameters(command: Command) -> Iterator[str]:
    for names, text in command.parameters:
        yield ".TP"
        yield f"\\fB{_escaped(names)}\\fR"
        yield _begun(_escaped(" ".join(text.split())))


def _text(text: str) -> Iterator[str]:
    """Paragraphs; indented ones stay as they are, line by line."""
    for paragraph in filter(None, re.split(r"\n\s*\n", text)):
        lines = paragraph.strip("\n").split("\n")
        if lines[0].startswith("    "):
            yield from (".PP", ".RS 4", ".nf", *(_begun(_escaped(line.strip())) for line in lines))
            yield from (".fi", ".RE")
        else:
            yield ".PP"
            yield from (_begun(_escaped(line)) for line in lines)


def _escaped(text: str) -> str:
    """Text for roff, which is ASCII: other characters by their code points."""
    marked = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in marked)


def _begun(line: str) -> str:
    """A line that is no request, whatever it begins with."""
    return f"\\&{line}" if line[:1] in (".", "'") else line
