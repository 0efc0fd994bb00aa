"""`proctorctl nodes config` and `nodes apply`: what nodes are to have in place of what their own files
say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.calls import checked
from cli.connection import connect
from cli.documents import read_document
from cli.render import Format, OutputOption, write_data, write_lines, write_rows
from shared.api.node_settings import GivenSettingsOut, NodeSettingsOut, SettingsRequest
from shared.errors import Rejected

MAX_BYTES: Final = 100_000
_COLUMNS: Final = ("version", "for", "gives", "reason", "made_by")


def config(
    node: Annotated[str, typer.Argument(metavar="NODE-ID", help="The id from `nodes list`.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what is given to all nodes, to regions and to single ones; or, of one node, what it is to have,
    for whom each part was given, and what became of it.

    Examples:

        proctorctl nodes config

        proctorctl nodes config 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00
    """
    with connect() as client:
        if node:
            _write_node(client.fleet.settings(node), output)
        else:
            _write_given(client.fleet.all_settings(), output)


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Settings and weights, JSON or YAML.")],
    node: Annotated[str, typer.Option(metavar="NODE-ID", help="For this node.")] = "",
    region: Annotated[str, typer.Option(help="For the nodes of this region.")] = "",
    everywhere: Annotated[bool, typer.Option("--all", help="For all nodes.")] = False,
    reason: Annotated[str, typer.Option(help="Why; shown to whoever looks at it.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Give nodes settings and networks in place of what their own files say.

    What the file has replaces everything that was given to the same nodes before; an empty object takes all
    back. What is given to a node counts before its region's, and that before everybody's. Nodes check it
    themselves; `nodes config NODE-ID` shows what became of it. What needs a restart waits on each node until
    no session runs there.

    Example of a file:

        settings: {rating: 6, level: L2}
        weights: {head-pose: "fsanet@688590"}

    Examples:

        proctorctl nodes apply hall.yaml --region eu-west --reason "a loud hall"

        proctorctl nodes apply none.yaml --node 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00
    """
    if [bool(node), bool(region), everywhere].count(True) != 1:
        raise Rejected("say for whom: --node, --region or --all", code="invalid-request", status=422)
    typed = {"reason": reason} if reason else {}
    fields = {**read_document(file, "settings", MAX_BYTES), **typed}
    request = checked(SettingsRequest, **fields)
    with connect() as client:
        if node:
            given = client.fleet.give_node(node, request)
        elif region:
            given = client.fleet.give_region(region, request)
        else:
            given = client.fleet.give_all(request)
    _write_given([given], output)


def _write_given(rows: list[GivenSettingsOut], output: Format) -> None:
    if output.for_people:
        write_rows([_line(row) for row in rows], _COLUMNS, output)
    else:
        write_data([row.model_dump(mode="json", exclude_none=True) for row in rows], output)


def _line(row: GivenSettingsOut) -> dict[str, Any]:
    return {
        "version": row.version,
        "for": row.scope if row.scope == "all" else f"{row.scope} {row.target}",
        "gives": _gives(row.settings.model_dump(exclude_none=True), row.weights) or "nothing",
        "reason": row.reason,
        "made_by": row.made_by,
    }


def _gives(settings: dict[str, Any], weights: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in {**settings, **weights}.items())


def _write_node(one: NodeSettingsOut, output: Format) -> None:
    if not output.for_people:
        write_data(one.model_dump(mode="json", exclude_none=True), output)
        return
    given = {**one.settings.model_dump(exclude_none=True), **one.weights}
    lines = [
        ("node id", one.node_id),
        ("state", one.state),
        ("reason", one.reason),
        ("version", "" if one.version is None else str(one.version)),
        ("in force", "" if one.version_in_force is None else _in_force(one.version_in_force)),
        *((name, f"{value} (given to: {one.origins[name]})") for name, value in given.items()),
    ]
    write_lines([(name, text) for name, text in lines if text])
    sys.stdout.flush()


def _in_force(version: int) -> str:
    return f"version {version}" if version else "the node's own file alone"
