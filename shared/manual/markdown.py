"""Commands as a page of the site, in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from shared.manual.commands import Command

DEEPEST = 4
"""Of a heading."""


def manual_page(program: Command) -> str:
    """The page of a program and all its commands."""
    return "\n\n".join(_parts(program, 1)) + "\n"


def _parts(command: Command, depth: int) -> Iterator[str]:
    yield f"{'#' * min(depth, DEEPEST)} {command.name}"
    yield f"    {command.name} {command.usage}"
    yield from filter(None, (_plain(command.help), _plain(command.epilog)))
    if command.parameters:
        yield "\n".join(
            ("| | |", "| --- | --- |", *(_row(names, text) for names, text in command.parameters))
        )
    for each in command.commands:
        yield from _parts(each, depth + 1)


def _row(names: str, text: str) -> str:
    shown = _plain(" ".join(text.split())).replace("|", "\\|")
    bar = "\\|"
    return f"| `{names.replace('|', bar)}` | {shown} |"


def _plain(text: str) -> str:
    """Text that is no markup; indented lines, which are examples, stay as they are."""
    lines = text.split("\n")
    return "\n".join(line if line.startswith("    ") else line.replace("<", "&lt;") for line in lines)
