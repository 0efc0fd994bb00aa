"""Finds the commands that documents tell, and says what is wrong with one, by the programs' own tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

import cli.main
import coordinator.main
import edge.main

ROOT = Path(__file__).parents[2]
APPS = {
    "proctorctl": cli.main.app,
    "proctor-coordinator": coordinator.main.app,
    "proctor-edge": edge.main.cli,
}
SAME_AS = {"proctor-operator": "proctorctl"}
"""A script of the roles, which gives a token to the program and hands its arguments on."""
LEADS = {"git", "pull", "ssh", "root@proctor.example.org"}
"""Words that may stand before a program in a line."""
ENDS = {"&&", "||", "|", ">", ">>", ";", "&"}
EXCUSED = re.compile(r"^Invalid value.*('[A-Z][A-Z-]*'|does not exist)")
"""A complaint about a word that stands for a value, or about a file that only the reader has."""
CUT_OFF = re.compile(r"requires an argument")
"""A complaint about a command in a sentence that leaves out an option's value."""
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")


def blocks(page: str) -> Iterator[str]:
    """The code of a page: indented blocks, a line for each line, continued lines joined."""
    joined = page.replace("\\\n", " ")
    for block in re.split(r"\n(?! {4}|\n)", joined):
        lines = [line[4:] for line in block.split("\n") if line.startswith("    ")]
        yield "\n".join(_replaced(lines))


def _replaced(lines: list[str]) -> Iterator[str]:
    """Lines with the shell's variables, which an earlier line has set, put in."""
    known: dict[str, str] = {}
    for line in lines:
        if found := re.fullmatch(r"(\w+)='(.+)'", line):
            known[found[1]] = found[2]
        else:
            yield re.sub(r"\$(\w+)", lambda match: known.get(match[1], match[0]), line)


def told(page: str) -> Iterator[tuple[str, bool]]:
    """The commands of a page, and whether each is whole: one in a sentence may leave out what it needs."""
    for block in blocks(page):
        yield from ((line, True) for line in block.split("\n") if _program(line))
    prose = "\n".join(line for line in page.split("\n") if not line.startswith("    "))
    yield from ((" ".join(span.split()), False) for span in SPAN.findall(prose) if _program(span))


def wrong(line: str, *, whole: bool) -> str | None:
    """What is wrong with a command; None if its program takes it."""
    found = _program(line)
    assert found is not None
    program, arguments = found
    if program == "make":
        return _wrong_target(arguments)
    if program == "proctorctl" and arguments[:1] == ["backup"]:
        program = "proctor-coordinator"  # it hands on what follows
    return _refused(program, arguments, whole=whole)


def _program(line: str) -> tuple[str, list[str]] | None:
    """The program of a line, if it is one of ours, and its arguments."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    names = [SAME_AS.get(word.rpartition("/")[2], word.rpartition("/")[2]) for word in words]
    for place, name in enumerate(names):
        leads = all("=" in word or word in LEADS or word in ENDS for word in words[:place])
        if (name in APPS and (leads or "--" in words[:place])) or (name == "make" and leads):
            rest = words[place + 1 :]
            end = next((number for number, word in enumerate(rest) if word in ENDS), len(rest))
            return name, rest[:end]
        if not (leads or "--" in words):
            return None
    return None


def _refused(program: str, arguments: list[str], *, whole: bool) -> str | None:
    command = get_command(APPS[program])
    context: typer.Context | None = None
    name = program
    try:
        while isinstance(command, TyperGroup):
            context = typer.Context(command, info_name=name, parent=context)
            rest = command.make_parser(context).parse_args(list(arguments))[1]
            if not rest:
                return None if arguments or not whole else f"{name} needs a command"
            found, part, arguments = command.resolve_command(context, rest)
            assert found is not None
            assert part is not None
            command, name = part, found
        if whole:
            command.make_context(name, list(arguments), parent=context)
        else:
            inner = typer.Context(command, info_name=name, parent=context)
            command.make_parser(inner).parse_args(list(arguments))
    except typer.Exit:  # of --help
        return None
    except TyperException as error:
        said = error.format_message()
        return None if EXCUSED.search(said) or (not whole and CUT_OFF.search(said)) else said
    return None


@cache
def _targets() -> tuple[frozenset[str], str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    return frozenset(re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE)), text


def _wrong_target(arguments: list[str]) -> str | None:
    targets, text = _targets()
    for word in arguments:
        name, assigned, _ = word.strip("[]").partition("=")
        if assigned and not re.search(rf"\$\({name}\)|\$\(or \$\({name}\)|^{name} \?=", text, re.MULTILINE):
            return f"make knows no {name}"
        if not assigned and name not in targets:
            return f"make has no target {name}"
    return None
