"""`proctorctl review`: the review queue, and a reviewer's acts on an incident."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from cli.calls import checked
from cli.client import Client
from cli.connection import connect
from cli.incidents import QUEUE, Incident
from cli.render import Format, OutputOption, YesOption, write_one
from cli.watching import WatchOption, show_rows
from shared.api.incidents import AppealDecision, CommentRequest, ConfirmRequest, DismissRequest, IncidentOut

app = typer.Typer(no_args_is_help=True)

_WAITING: Final = ["open", "seconding", "appealed"]
"""States in which an incident waits for a person."""
AlertsOption = Annotated[
    int | None,
    typer.Option(
        "--alerts",
        min=1,
        help="How many of its alerts you have seen; refused if there are more by now.",
    ),
]
FindingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--finding", help="event_id of a finding that the verdict is about; may be repeated. Default: all."
    ),
]
TextOption = Annotated[str, typer.Option("--text", "-t", help="A comment for the record.")]


class Reason(StrEnum):
    """Why an incident is dismissed."""

    FALSE_DETECTION = "false-detection"
    ALLOWED = "allowed"
    HARMLESS = "harmless"
    TECHNICAL = "technical"
    OTHER = "other"


class Decision(StrEnum):
    """The decision on an appeal."""

    UPHOLD = "uphold"
    OVERTURN = "overturn"


@app.command()
def queue(
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "",
    min_severity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only this severity or higher, 0 to 1.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 50,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List what waits for a person: a first review, a second review, or a decision on an appeal.

    Example:

        proctorctl review queue --exam EXAM-CS101 --watch
    """
    filters: dict[str, str | list[str]] = {"min_severity": str(min_severity), "state": _WAITING}
    filters |= {"exam_id": exam} if exam else {}
    with connect() as client:
        show_rows(lambda: client.incidents.listed(filters, limit), QUEUE, output, watch=watch)


@app.command()
def claim(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Reserve an incident for 15 minutes.

    Example:

        proctorctl review claim 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        _print(client.incidents.review(incident, "claim"), output)


@app.command()
def release(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Release a claimed incident without a verdict.

    Example:

        proctorctl review release 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        _print(client.incidents.review(incident, "release"), output)


@app.command()
def comment(incident: Incident, text: TextOption, output: OutputOption = Format.TABLE) -> None:
    """Add a comment to an incident's history.

    Example:

        proctorctl review comment 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "Compare the practice run."
    """
    with connect() as client:
        _print(client.incidents.review(incident, "comment", checked(CommentRequest, text=text)), output)


@app.command()
def confirm(
    incident: Incident,
    text: TextOption = "",
    finding: FindingsOption = None,
    alerts: AlertsOption = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Confirm an incident. A second person must confirm it too. `undo` takes it back for 10 seconds.

    Example:

        proctorctl review confirm 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "A second person answers."
    """
    with connect() as client:
        seen = _asked(client, incident, "Confirm", alerts, yes=yes)
        body = checked(ConfirmRequest, text=text, findings=finding or None, alert_count=seen)
        _print(client.incidents.review(incident, "confirm", body), output)


@app.command()
def dismiss(
    incident: Incident,
    reason: Annotated[Reason, typer.Option(help="Why it is dismissed; `other` needs --text.")],
    text: TextOption = "",
    finding: FindingsOption = None,
    alerts: AlertsOption = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Dismiss an incident. `undo` takes it back for 10 seconds.

    Example:

        proctorctl review dismiss 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 --reason false-detection
    """
    with connect() as client:
        seen = _asked(client, incident, "Dismiss", alerts, yes=yes)
        said = {"reason": reason.value, "text": text, "findings": finding or None}
        body = checked(DismissRequest, **said, alert_count=seen)
        _print(client.incidents.review(incident, "dismiss", body), output)


@app.command()
def reopen(incident: Incident, text: TextOption, output: OutputOption = Format.TABLE) -> None:
    """Take back a verdict: your own, or any verdict on an incident with newer alerts.

    Administrators may take back any verdict. If the candidate was told the verdict, it is told that it was
    taken back. The reason is kept in the history.

    Example:

        proctorctl review reopen 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 -t "A third alert came late."
    """
    with connect() as client:
        _print(client.incidents.review(incident, "reopen", checked(CommentRequest, text=text)), output)


@app.command()
def undo(incident: Incident, output: OutputOption = Format.TABLE) -> None:
    """Undo the verdict that you gave less than 10 seconds ago; nobody was told yet. After that, use `reopen`.

    Example:

        proctorctl review undo 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70
    """
    with connect() as client:
        _print(client.incidents.review(incident, "undo"), output)


@app.command("decide-appeal")
def decide_appeal(
    incident: Incident,
    decision: Annotated[Decision, typer.Argument(metavar="uphold|overturn", help="The decision.")],
    text: TextOption,
    alerts: AlertsOption = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Decide a candidate's appeal; only for a person who gave no verdict on the incident.

    Example:

        proctorctl review decide-appeal 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70 overturn -t "As he says."
    """
    with connect() as client:
        seen = _asked(client, incident, f"{decision.value.capitalize()} the verdict on", alerts, yes=yes)
        body = checked(AppealDecision, decision=decision.value, text=text, alert_count=seen)
        _print(client.incidents.review(incident, "appeal/decide", body), output)


def _asked(client: Client, incident: str, act: str, alerts: int | None, *, yes: bool) -> int | None:
    """Ask for confirmation and show what is decided; returns how many alerts were shown, or None."""
    if yes:
        return alerts
    shown = client.incidents.one(incident).incident
    what, many = ", ".join(shown.event_types), "" if shown.alert_count == 1 else "s"
    question = f"{act} {what} of {shown.exam_session_id} ({shown.alert_count} alert{many})?"
    typer.confirm(f"{question} You can undo it for 10 s.", abort=True, err=True)
    return shown.alert_count if alerts is None else alerts


def _print(incident: IncidentOut, output: Format) -> None:
    write_one(incident.model_dump(mode="json"), output)
