"""`proctorctl alerts`: what edge nodes found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.connection import connect
from cli.render import Format, OutputOption
from cli.watching import WatchOption, show_rows
from shared.events.types import EventClass, EventType

app = typer.Typer(no_args_is_help=True)

_COLUMNS = (
    "event_id", "exam_session_id", "event_type", "severity_score", "onset", "duration", "explanation"
)  # fmt: skip


@app.callback()
def _group() -> None:
    """Alerts as they arrived."""


@app.command("list")
def list_command(
    session: Annotated[str, typer.Option(help="Only this exam_session_id.")] = "",
    event: Annotated[EventType | None, typer.Option(help="Only this kind of event.")] = None,
    event_class: Annotated[EventClass | None, typer.Option("--class", help="Only this class.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Received at this time or later, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List alerts, oldest first.

    Examples:

        proctorctl alerts list --session SESS-1

        proctorctl alerts list --class identity --since 2026-11-22T14:00:00 -o json

        proctorctl alerts list --since 2026-11-22T14:00:00 --watch
    """
    filters = {
        "event_type": event.value if event else "",
        "event_class": event_class.value if event_class else "",
        "since": since.replace(tzinfo=UTC).isoformat() if since else "",
    }
    asked = {name: value for name, value in filters.items() if value}
    with connect() as client:
        if session:
            asked["exam_session_id"] = client.ids.session(session)
        show_rows(lambda: client.alerts.listed(asked, limit), _COLUMNS, output, watch=watch)
