"""`proctorctl incidents`: the review queue, and what a reviewer does about an incident."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_one, write_rows
from shared.incident_api import (
    AppealDecision,
    CommentRequest,
    ConfirmRequest,
    DismissRequest,
    IncidentOut,
)

app = typer.Typer(help="Incidents: look at them and judge them.", no_args_is_help=True)

_QUEUE = (
    "incident_id", "state", "severity", "exam_session_id", "event_types", "alert_count", "begins_at",
    "claimed_by",
)  # fmt: skip
_HISTORY = ("at", "by", "role", "act", "reason", "text", "state")
_ALERTS = ("event_type", "severity_score", "onset", "duration", "explanation")


class Reason(StrEnum):
    """Why an incident is dismissed."""

    FALSE_DETECTION = "false-detection"
    ALLOWED = "allowed"
    HARMLESS = "harmless"
    TECHNICAL = "technical"
    OTHER = "other"


class Decision(StrEnum):
    """What becomes of an appeal."""

    UPHOLD = "uphold"
    OVERTURN = "overturn"


Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id.")]
TextOption = Annotated[str, typer.Option("--text", "-t", help="Words for the record.")]


@app.command("list")
def list_command(
    session: Annotated[str, typer.Option(help="Only this exam_session_id.")] = "",
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "",
    state: Annotated[list[str] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    min_severity: Annotated[float, typer.Option(min=0.0, max=1.0, help="At least so grave.")] = 0.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List the review queue: the unreviewed first, then the worst, then the oldest.

    Examples:

        proctorctl incidents list --exam EXAM-CS101

        proctorctl incidents list --state seconding --state appealed -o json
    """
    named = {"exam_session_id": session, "exam_id": exam}
    filters: dict[str, str | list[str]] = {name: value for name, value in named.items() if value}
    filters |= {"min_severity": str(min_severity), "limit": str(min(limit, 200)), "state": state or []}
    with connect() as client:
        found = client.incidents(filters, limit)
    write_rows([one.model_dump(mode="json") for one in found], _QUEUE, output)


@app.command()
def show(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Show an incident with its alerts and what people did about it.

    Example:

        proctorctl incidents show 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        detail = client.incident(incident).model_dump(mode="json")
    if output is not Format.TABLE:
        write_data(detail, output)
        return
    write_one(detail["incident"], output)
    for title, columns in (("alerts", _ALERTS), ("history", _HISTORY)):
        typer.echo(f"\n{title}")
        write_rows(detail[title], columns, output)


@app.command()
def claim(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Reserve an incident for 15 minutes.

    Example:

        proctorctl incidents claim 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        _print(client.review(incident, "claim"), output)


@app.command()
def release(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Give a claimed incident back without a verdict.

    Example:

        proctorctl incidents release 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        _print(client.review(incident, "release"), output)


@app.command()
def comment(incident: Incident, text: TextOption, output: OutputOption = Format.TABLE) -> None:
    """Write something into an incident's history.

    Example:

        proctorctl incidents comment 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "Compare the practice run."
    """
    with connect() as client:
        _print(client.review(incident, "comment", checked(CommentRequest, text=text)), output)


@app.command()
def confirm(
    incident: Incident, text: TextOption = "", yes: YesOption = False, output: OutputOption = Format.TABLE
) -> None:
    """Confirm an incident. The first confirmation waits for another person's.

    Example:

        proctorctl incidents confirm 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "A second person answers."
    """
    ask_first("Confirm this incident?", yes)
    with connect() as client:
        _print(client.review(incident, "confirm", checked(ConfirmRequest, text=text)), output)


@app.command()
def dismiss(
    incident: Incident,
    reason: Annotated[Reason, typer.Option(help="Why it is none; `other` needs --text.")],
    text: TextOption = "",
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Dismiss an incident.

    Example:

        proctorctl incidents dismiss 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 --reason false-detection
    """
    ask_first("Dismiss this incident?", yes)
    with connect() as client:
        body = checked(DismissRequest, reason=reason.value, text=text)
        _print(client.review(incident, "dismiss", body), output)


@app.command()
def reopen(incident: Incident, text: TextOption, output: OutputOption = Format.TABLE) -> None:
    """Take up again an incident that has grown since its verdict.

    Example:

        proctorctl incidents reopen 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "A third alert came late."
    """
    with connect() as client:
        _print(client.review(incident, "reopen", checked(CommentRequest, text=text)), output)


@app.command("decide-appeal")
def decide_appeal(
    incident: Incident,
    decision: Annotated[Decision, typer.Argument(metavar="uphold|overturn", help="What becomes of it.")],
    text: TextOption,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Decide a candidate's appeal; for somebody who gave no verdict on the incident.

    Example:

        proctorctl incidents decide-appeal 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 overturn -t "As he says."
    """
    ask_first(f"Decide this appeal: {decision.value} the verdict?", yes)
    with connect() as client:
        body = checked(AppealDecision, decision=decision.value, text=text)
        _print(client.review(incident, "appeal/decide", body), output)


@app.command()
def precision(
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "", output: OutputOption = Format.TABLE
) -> None:
    """Show per kind of event how often reviewers confirmed it.

    Example:

        proctorctl incidents precision --exam EXAM-CS101
    """
    with connect() as client:
        rows = [one.model_dump(mode="json") for one in client.precision(exam or None)]
    write_rows(rows, ("event_type", "precision", "confirmed", "dismissed", "decided"), output)


def _print(incident: IncidentOut, output: Format) -> None:
    write_one(incident.model_dump(mode="json"), output)
