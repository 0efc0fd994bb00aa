"""Reads the commands of a program from its option tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from shared.manual.commands import Command


def read(context: typer.Context) -> Command:
    """The command of a context with all below it. Commands that load late are loaded."""
    command = context.command
    records = (each.get_help_record(context) for each in command.get_params(context))
    return Command(
        name=context.command_path,
        usage=re.sub(r"[{}]", "", " ".join(command.collect_usage_pieces(context))),
        help=(command.help or "").strip(),
        epilog=(command.epilog or "").strip(),
        parameters=tuple(record for record in records if record is not None and record[0] != "--help"),
        commands=tuple(_below(command, context)) if isinstance(command, TyperGroup) else (),
    )


def _below(group: TyperGroup, context: typer.Context) -> Iterator[Command]:
    for name in group.list_commands(context):
        _, found, _ = group.resolve_command(context, [name])
        if found is not None and not found.hidden:
            yield read(typer.Context(found, info_name=name, parent=context))
