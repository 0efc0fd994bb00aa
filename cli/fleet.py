"""`proctorctl fleet`: the fleet as a whole, for operators: what a number of sessions needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.connection import connect
from cli.fleet_plan import Inputs, plan, typical
from cli.render import Format, OutputOption, write_data, write_rows

app = typer.Typer(no_args_is_help=True)

_COLUMNS = ("name", "value", "unit", "inputs")


@app.callback()
def group() -> None:
    """The fleet as a whole, for operators."""


@app.command("plan")
def plan_command(
    sessions: Annotated[int, typer.Option(min=1, max=1_000_000, help="Sessions at the same time.")],
    rating: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=500,
            help="The measured rating of a node (`proctor-edge bench`). Without it the coordinator is asked "
            "for the nodes that are there, and their ratings count.",
        ),
    ] = None,
    spare: Annotated[int, typer.Option(min=0, max=100, help="Nodes that may fail at the same time.")] = 1,
    target: Annotated[float, typer.Option(min=0.1, max=1.0, help="The highest load of a node.")] = 0.7,
    alerts: Annotated[float, typer.Option(min=0, max=3600, help="Alerts of a session in an hour.")] = 12.0,
    kbit: Annotated[float, typer.Option(min=1, max=100_000, help="A session's media, in kbit/s.")] = 450.0,
    cost: Annotated[float | None, typer.Option(min=0, help="What a node costs in an hour.")] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Say how many nodes a number of sessions needs, and what hub, database and network then carry.

    A model with its inputs beside each figure. Ratings are measured; all else can be given here.

    Examples:

        proctorctl fleet plan --sessions 500 --rating 8
        proctorctl fleet plan --sessions 5000 --cost 0.25
    """
    have = () if rating is not None else _ratings()
    inputs = Inputs(
        sessions=sessions,
        rating=typical(have) if rating is None else rating,
        have=have,
        target=target,
        spare=spare,
        alerts_per_hour=alerts,
        kbit_per_s=kbit,
        cost_per_hour=cost,
    )
    figures = [{**asdict(one), "value": round(one.value, 3)} for one in plan(inputs)]
    if output.for_people:
        write_rows(figures, _COLUMNS, output)
    else:
        write_data({"inputs": asdict(inputs) | {"have": list(have)}, "figures": figures}, output)


def _ratings() -> tuple[int, ...]:
    """The ratings of the nodes that get new sessions and are not missing."""
    with connect() as client:
        found = client.fleet.nodes()
    serving = [one for one in found if one.state in ("healthy", "degraded")]
    return tuple(one.rating for one in serving if one.rating)
