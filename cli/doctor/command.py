"""`proctorctl doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.doctor.finding import Finding, exit_code
from cli.doctor.machine import check_machine
from cli.doctor.place import find_place
from cli.doctor.services import check_services
from cli.render import Format, OutputOption, write_data
from cli.up import default_data_folder


def doctor(
    data: Annotated[Path | None, typer.Option(help="Data folder of `proctorctl up`.")] = None,
    coordinator: Annotated[Path | None, typer.Option(help="A coordinator.toml in another place.")] = None,
    edge: Annotated[Path | None, typer.Option(help="An edge.toml in another place.")] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Check an installation and say how to repair what is wrong. Changes nothing.

    Exits with 1 if something is broken. The token is the one of PROCTOR_TOKEN or PROCTOR_TOKEN_FILE.

    Examples:

        proctorctl doctor

        proctorctl doctor --coordinator /etc/proctor/coordinator.toml -o json
    """
    place = find_place((data or default_data_folder()).absolute(), coordinator, edge)
    findings = [*check_machine(place), *check_services(place)]
    if output.for_people:
        typer.echo("\n".join(map(_lines, findings)))
    else:
        write_data([{**asdict(one), "standing": one.standing.value} for one in findings], output)
    raise typer.Exit(exit_code(findings))


def _lines(found: Finding) -> str:
    """The result, and on its own line what to do. Nothing is cut: it may be a path or a command."""
    mend = f"\n{'':9}-> {found.mend}" if found.mend else ""
    return f"{found.standing:8} {found.what}: {found.says}{mend}"
