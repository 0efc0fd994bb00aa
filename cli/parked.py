"""`proctorctl parked`: alert messages of nodes that could not be judged, for operators."""

from __future__ import annotations

import typer

from cli.connection import connect
from cli.render import Format, OutputOption, write_one, write_rows

app = typer.Typer(no_args_is_help=True)

_COLUMNS = ("node_id", "reason", "count", "oldest_at")


@app.command("list")
def list_command(output: OutputOption = Format.TABLE) -> None:
    """Show how many messages are parked, by node and reason.

    Example:

        proctorctl parked list
    """
    with connect() as client:
        write_rows([one.model_dump(mode="json") for one in client.fleet.parked()], _COLUMNS, output)


@app.command()
def replay(output: OutputOption = Format.TABLE) -> None:
    """Have all parked messages judged again. Do this after their cause was removed.

    Such causes are a database restored from an old copy, or a coordinator older than its nodes. An alert
    whose time only a fast clock explains is stored now.

    Example:

        proctorctl parked replay
    """
    with connect() as client:
        write_one(client.fleet.replay_parked().model_dump(mode="json"), output)
