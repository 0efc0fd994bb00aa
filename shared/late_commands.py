"""Commands of a program that are imported only when they are called, so that the others start fast."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

Rows = Mapping[str, tuple[str, str]]
"""By name: `module:attribute` of a command's function, its `typer.Typer` or itself, and its line of help."""

MANUAL: Final = ("shared.manual.command:manual", "Print this program's whole manual, as a page for man.")
"""The row of a command that every program has."""


def late_group(rows: Rows) -> type[TyperGroup]:
    """A kind of group, for `typer.Typer(cls=...)`, that has these commands before its own. Its help and its
    completion know them by their line alone."""

    class Late(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            lines = {name: TyperCommand(name, help=line) for name, (_, line) in rows.items()}
            self.commands = {**lines, **self.commands}

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            name, command, rest = super().resolve_command(ctx, args)
            late = rows.get(name or "")
            return name, _loaded(name, *late) if name and late else command, rest

    return Late


def _loaded(name: str, place: str, line: str) -> TyperCommand | TyperGroup:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, TyperCommand):
        return found
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.help = line
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    command = typer.main.get_command(alone)
    assert isinstance(command, TyperCommand)
    return command
