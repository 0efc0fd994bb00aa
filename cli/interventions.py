"""What people do in a running session: `proctorctl sessions message`, `pause`, `terminate` and others."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import BaseModel

from cli.calls import checked
from cli.connection import connect
from cli.devices import SessionId
from cli.render import Format, OutputOption, YesOption, ask_first, write_one
from cli.whole_ids import require_whole
from shared.api.incidents import ExtraTimeRequest, InterventionRequest, MessageRequest

ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", help="For the record; the candidate is not told.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(message)
    app.command()(pause)
    app.command()(resume)
    app.command("extra-time")(extra_time)
    app.command()(flag)
    app.command()(terminate)


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


def pause(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Pause the exam and tell the candidate.

    Example:

        proctorctl sessions pause SESS-1 -r "Fire alarm."
    """
    _intervene(session, "pause", checked(InterventionRequest, reason=reason), output)


def resume(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Resume a paused exam and tell the candidate.

    Example:

        proctorctl sessions resume SESS-1 -r "The alarm is over."
    """
    _intervene(session, "resume", checked(InterventionRequest, reason=reason), output)


def extra_time(
    session: SessionId,
    minutes: Annotated[int, typer.Argument(metavar="MINUTES", min=1, max=600, help="Minutes to add.")],
    reason: ReasonOption,
    output: OutputOption = Format.TABLE,
) -> None:
    """Give the candidate more time and tell the candidate.

    Example:

        proctorctl sessions extra-time SESS-1 10 -r "Ten minutes were lost to the alarm."
    """
    _intervene(session, "extra-time", checked(ExtraTimeRequest, minutes=minutes, reason=reason), output)


def flag(session: SessionId, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Mark this moment for later review; the candidate is not told.

    Example:

        proctorctl sessions flag SESS-1 -r "Someone spoke behind the camera."
    """
    _intervene(session, "flag", checked(InterventionRequest, reason=reason), output)


def terminate(
    session: SessionId, reason: ReasonOption, yes: YesOption = False, output: OutputOption = Format.TABLE
) -> None:
    """End a session against the candidate's will, and tell the candidate.

    Example:

        proctorctl sessions terminate SESS-1 -r "Another person took the seat." --yes
    """
    body = checked(InterventionRequest, reason=reason)
    with connect() as client:
        whole = client.ids.session(session)
        require_whole(session, whole, yes=yes)
        ask_first(f"Terminate the session {whole}?", yes)
    _intervene(whole, "terminate", body, output)


def _intervene(session: str, act: str, body: BaseModel, output: Format) -> None:
    with connect() as client:
        write_one(client.incidents.intervene(session, act, body).model_dump(mode="json"), output)
