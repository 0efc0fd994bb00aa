"""`proctorctl incidents`: alerts grouped into incidents, and statistics about them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.connection import connect
from cli.render import Format, OutputOption, write_data, write_one, write_rows
from cli.watching import WatchOption, show_rows

app = typer.Typer(no_args_is_help=True)

QUEUE = (
    "incident_id", "state", "severity", "exam_session_id", "event_types", "alert_count", "begins_at",
    "claimed_by",
)  # fmt: skip
_PARTS = (
    ("alerts", "alerts", ("event_type", "severity_score", "onset", "duration", "explanation")),
    ("technical", "technical events around it", ("event_type", "onset", "duration", "explanation")),
    ("history", "history", ("at", "by", "role", "act", "reason", "text", "state")),
)
"""Of an incident: the answer's field, its title, its columns."""


Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id, or its beginning.")]


@app.command("list")
def list_command(
    session: Annotated[str, typer.Option(help="Only this exam_session_id.")] = "",
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "",
    state: Annotated[list[str] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    min_severity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only this severity or higher, 0 to 1.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List incidents: unreviewed first, then worst, then oldest.

    Examples:

        proctorctl incidents list --exam EXAM-CS101

        proctorctl incidents list --state seconding --state appealed -o json
    """
    filters: dict[str, str | list[str]] = {"min_severity": str(min_severity), "state": state or []}
    filters |= {"exam_id": exam} if exam else {}
    with connect() as client:
        if session:
            filters["exam_session_id"] = client.ids.session(session)
        show_rows(lambda: client.incidents.listed(filters, limit), QUEUE, output, watch=watch)


@app.command()
def show(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Show an incident with its alerts and its history.

    Example:

        proctorctl incidents show 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        detail = client.incidents.one(incident).model_dump(mode="json")
    if not output.for_people:
        write_data(detail, output)
        return
    write_one(detail["incident"], output)
    for name, title, columns in _PARTS:
        typer.echo(f"\n{title}")
        write_rows(detail[name], columns, output)


@app.command()
def precision(
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "", output: OutputOption = Format.TABLE
) -> None:
    """Show for each kind of event how often reviewers confirmed it.

    Example:

        proctorctl incidents precision --exam EXAM-CS101
    """
    with connect() as client:
        rows = [one.model_dump(mode="json") for one in client.incidents.precision(exam or None)]
    write_rows(rows, ("event_type", "precision", "confirmed", "dismissed", "decided"), output)
