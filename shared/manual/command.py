"""`PROGRAM manual`: the manual of the running program, from its own commands."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from shared.manual.markdown import manual_page
from shared.manual.roff import man_page
from shared.manual.tree import read


def manual(
    context: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown instead.")] = False,
) -> None:
    """Print this program's whole manual, as a page for man.

    Machines that the roles have provisioned have the page already.
    """
    root = context.find_root()
    program = read(typer.Context(root.command, info_name=root.info_name))
    sys.stdout.write(
        manual_page(program) if markdown else man_page(program, f"Proctor Edge {version('proctor')}")
    )
