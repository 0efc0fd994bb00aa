"""`proctorctl sessions`: start, look at, act on and end sessions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from cli.acknowledged import AcknowledgedOption, OnPaperOption, said
from cli.calls import checked
from cli.connection import connect
from cli.policies import policy_data, read_policy
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_one, write_rows
from cli.watching import WatchOption, show_rows
from shared.api.incidents import ExtraTimeRequest, InterventionRequest, MessageRequest, RescoreRequest
from shared.api.sessions import SessionPolicyRequest, SessionStartRequest
from shared.errors import Rejected
from shared.writing import writing_under

app = typer.Typer(help="Sessions: start, look at, act on, end.", no_args_is_help=True)

_WALL = (
    "session_id", "status", "worst_severity", "open_incidents", "exam_id", "candidate_id", "started_at",
)  # fmt: skip
_TIMELINE = ("onset", "event_type", "event_class", "severity_score", "duration", "explanation")
_CHANGES = ("at", "changed_by", "role", "version_before", "version", "reason")
_FORMS = {".json": "report", ".html": "report.html", ".pdf": "report.pdf", ".zip": "hearing-bundle"}
_SCORES = ("event_type", "original", "rescored", "would_be_raised", "event_id")


class Standing(StrEnum):
    """The state of a session."""

    ACTIVE = "active"
    ENDED = "ended"
    EXPIRED = "expired"


SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The exam_session_id.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", help="For the record; the candidate is not told.")
]


@app.command()
def start(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")],
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")],
    session: Annotated[str, typer.Option(help="The exam_session_id; made up when left out.")] = "",
    acknowledged: AcknowledgedOption = "",
    on_paper: OnPaperOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Start watching a candidate's exam and print the link for the candidate.

    Nothing is watched before the candidate has acknowledged the notice: on its page, or elsewhere as
    --acknowledged says.

    Example:

        proctorctl sessions start CAND-12345 EXAM-CS101 --session SESS-1
    """
    request = checked(
        SessionStartRequest,
        candidate_id=candidate,
        exam_id=exam,
        exam_session_id=session or None,
        acknowledged=said(acknowledged, on_paper=on_paper),
    )
    with connect() as client:
        answer = client.start_session(request).model_dump(mode="json")
    shown = ("session_id", "join_url", "session_expires_at", "edge_node", "identity", "not_acknowledged")
    write_one(answer if output is not Format.TABLE else {name: answer[name] for name in shown}, output)


@app.command("list")
def list_command(
    exam: Annotated[str, typer.Option(help="Only this exam_id.")] = "",
    candidate: Annotated[str, typer.Option(help="Only this candidate_id.")] = "",
    state: Annotated[list[Standing] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    min_severity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only this severity or higher, 0 to 1.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List sessions, worst first.

    Examples:

        proctorctl sessions list --exam EXAM-CS101 --state active

        proctorctl sessions list --watch
    """
    filters: dict[str, str | list[str]] = {"min_severity": str(min_severity)}
    filters |= {name: value for name, value in (("exam_id", exam), ("candidate_id", candidate)) if value}
    filters |= {"state": [one.value for one in state or []]}
    with connect() as client:
        show_rows(lambda: client.sessions(filters, limit), _WALL, output, watch=watch)


@app.command()
def show(session: SessionId, output: OutputOption = Format.TABLE) -> None:
    """Show the state of a session.

    Example:

        proctorctl sessions show SESS-1
    """
    with connect() as client:
        write_one(client.session(session).model_dump(mode="json"), output)


@app.command()
def timeline(session: SessionId, output: OutputOption = Format.TABLE) -> None:
    """Show everything that happened in a session.

    Example:

        proctorctl sessions timeline SESS-1 -o yaml
    """
    with connect() as client:
        found = client.timeline(session).model_dump(mode="json")
    if output is Format.TABLE:
        write_rows(found["items"], _TIMELINE, output)
    else:
        write_data(found, output)


@app.command()
def end(session: SessionId, yes: YesOption = False, output: OutputOption = Format.TABLE) -> None:
    """End a session normally.

    Example:

        proctorctl sessions end SESS-1 --yes
    """
    ask_first(f"End the session {session}?", yes)
    with connect() as client:
        write_one(client.end_session(session).model_dump(mode="json"), output)


@app.command()
def message(
    session: SessionId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the candidate reads.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Send the candidate a message.

    Example:

        proctorctl sessions message SESS-1 "Please turn your camera towards you."
    """
    _intervene(session, "message", checked(MessageRequest, message=text), output)


@app.command()
def pause(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Pause the exam and tell the candidate.

    Example:

        proctorctl sessions pause SESS-1 -r "Fire alarm."
    """
    _intervene(session, "pause", checked(InterventionRequest, reason=reason), output)


@app.command()
def resume(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Resume a paused exam and tell the candidate.

    Example:

        proctorctl sessions resume SESS-1 -r "The alarm is over."
    """
    _intervene(session, "resume", checked(InterventionRequest, reason=reason), output)


@app.command("extra-time")
def extra_time(
    session: SessionId,
    minutes: Annotated[int, typer.Argument(min=1, max=600, help="Minutes to add.")],
    reason: ReasonOption,
    output: OutputOption = Format.TABLE,
) -> None:
    """Give the candidate more time and tell the candidate.

    Example:

        proctorctl sessions extra-time SESS-1 10 -r "Ten minutes were lost to the alarm."
    """
    _intervene(session, "extra-time", checked(ExtraTimeRequest, minutes=minutes, reason=reason), output)


@app.command()
def flag(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Mark this moment for later review; the candidate is not told.

    Example:

        proctorctl sessions flag SESS-1 -r "Somebody spoke behind the camera."
    """
    _intervene(session, "flag", checked(InterventionRequest, reason=reason), output)


@app.command()
def terminate(
    session: SessionId, reason: ReasonOption, yes: YesOption = False, output: OutputOption = Format.TABLE
) -> None:
    """End a session against the candidate's will, and tell the candidate.

    Example:

        proctorctl sessions terminate SESS-1 -r "Another person took the seat." --yes
    """
    ask_first(f"Terminate the session {session}?", yes)
    _intervene(session, "terminate", checked(InterventionRequest, reason=reason), output)


@app.command()
def rescore(
    session: SessionId,
    policy: Annotated[Path, typer.Option(help="A policy, JSON or YAML.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Compare a session's severities under another policy with the original ones; stores nothing.

    Example:

        proctorctl sessions rescore SESS-1 --policy next.yaml
    """
    request = RescoreRequest(policy=policy_data(read_policy(policy)))
    with connect() as client:
        found = client.rescore(session, request).model_dump(mode="json")
    if output is Format.TABLE:
        write_rows(found["alerts"], _SCORES, output)
    else:
        write_data(found, output)


@app.command()
def report(
    session: SessionId,
    file: Annotated[Path, typer.Argument(help="Where to write it: .json, .html, .pdf or .zip.")],
) -> None:
    """Write a session's report to a file. A .zip is the hearing bundle and contains its own verifier.

    Examples:

        proctorctl sessions report SESS-1 report.pdf

        proctorctl sessions report SESS-1 hearing.zip
    """
    if file.suffix not in _FORMS:
        raise Rejected(f"{file} must end in one of {', '.join(_FORMS)}", code="form-unknown", status=422)
    with connect() as client:
        data = client.report(session, _FORMS[file.suffix])
    with writing_under(file):
        file.write_bytes(data)
    typer.echo(f"{file}: {len(data)} bytes")


@app.command("set-policy")
def set_policy(
    session: SessionId,
    based_on: Annotated[int, typer.Option(min=1, help="The version the session runs under.")],
    reason: ReasonOption,
    policy: Annotated[Path | None, typer.Option(help="A policy, JSON or YAML.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="A version of the exam's policy.")] = None,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Put another policy in force in a running session; without --policy or --version, the exam's newest.

    Example:

        proctorctl sessions set-policy SESS-1 --based-on 3 --version 4 -r "Version 3 was too strict." --yes
    """
    ask_first(f"Change the policy of the running session {session}?", yes)
    given = None if policy is None else policy_data(read_policy(policy))
    request = checked(
        SessionPolicyRequest, policy=given, exam_version=version, reason=reason, based_on=based_on
    )
    with connect() as client:
        found = client.change_session_policy(session, request).model_dump(mode="json")
    if output is Format.TABLE:
        write_rows(found["changes"], _CHANGES, output)
    else:
        write_data(found, output)


def _intervene(session: str, act: str, body: BaseModel, output: Format) -> None:
    with connect() as client:
        write_one(client.intervene(session, act, body).model_dump(mode="json"), output)
