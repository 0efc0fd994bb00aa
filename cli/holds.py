"""`proctorctl holds`: what must not be erased, neither by a date nor on request."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.holds import LegalHoldRequest

app = typer.Typer(no_args_is_help=True)

_COLUMNS = (
    "hold_id",
    "thing",
    "candidate_id",
    "exam_id",
    "reason",
    "held_by",
    "held_at",
    "until",
    "in_force",
)


@app.command()
def add(
    reason: Annotated[str, typer.Option(help="Why, such as the number of a case.")],
    candidate: Annotated[str | None, typer.Option(metavar="CANDIDATE", help="The person to keep.")] = None,
    exam: Annotated[str | None, typer.Option(metavar="EXAM", help="Everybody's data of this exam.")] = None,
    incident: Annotated[str | None, typer.Option(metavar="INCIDENT", help="An incident_id.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends by itself: 2027-06-30T00:00:00Z.")
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Keep a person, an exam or an incident from being erased.

    Examples:

        proctorctl holds add --candidate CAND-12345 --reason "Case 2026/17"

        proctorctl holds add --exam EXAM-CS101 --reason "Audit" --until 2027-06-30T00:00:00Z
    """
    with connect() as client:
        request = checked(
            LegalHoldRequest,
            candidate_id=candidate,
            exam_id=exam,
            incident_id=client.ids.incident(incident) if incident else None,
            reason=reason,
            until=until,
        )
        write_one(client.keeping.place_hold(request).model_dump(mode="json"), output)


@app.command("list")
def list_command(
    candidate: Annotated[str, typer.Option(help="Only holds that keep something of this person.")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="Also those that are over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List legal holds, oldest first.

    Example:

        proctorctl holds list --candidate CAND-12345
    """
    with connect() as client:
        found = client.keeping.holds(candidate, ended=ended, most=limit)
    write_rows([one.model_dump(mode="json") for one in found], _COLUMNS, output)


@app.command()
def release(
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="The hold_id.")],
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Release a hold. What is overdue is then erased within the hour.

    Example:

        proctorctl holds release 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69 --yes
    """
    ask_first(f"Release {hold}?", yes)
    with connect() as client:
        write_one(client.keeping.release_hold(hold).model_dump(mode="json"), output)
