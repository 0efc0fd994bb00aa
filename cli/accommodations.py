"""`proctorctl accommodations`: what is agreed with one candidate for one exam."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.calls import checked
from cli.client import Client
from cli.connection import connect
from cli.documents import read_document
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.exams import MAX_EXTRA_MINUTES, AccommodationRequest
from shared.errors import Rejected

app = typer.Typer(no_args_is_help=True)

MAX_FILE_BYTES = 100_000
_COLUMNS = ("candidate_id", "version", "extra_minutes", "accommodation", "changed_by", "changed_at")

ExamId = Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")]
CandidateId = Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")]


@app.command("list")
def list_command(
    exam: ExamId,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List the accommodations of an exam.

    Example:

        proctorctl accommodations list EXAM-CS101
    """
    with connect() as client:
        found = client.exams.accommodations(exam, limit)
    write_rows([one.model_dump(mode="json") for one in found], _COLUMNS, output)


@app.command()
def show(candidate: CandidateId, exam: ExamId, output: OutputOption = Format.TABLE) -> None:
    """Show a candidate's accommodation.

    Example:

        proctorctl accommodations show CAND-12345 EXAM-CS101
    """
    with connect() as client:
        candidate, exam = _in_order(client, candidate, exam)
        write_one(client.exams.accommodation(exam, candidate).model_dump(mode="json"), output)


@app.command("set")
def set_command(
    candidate: CandidateId,
    exam: ExamId,
    mute: Annotated[list[str] | None, typer.Option(help="An event to mute; may be repeated.")] = None,
    extra_minutes: Annotated[int, typer.Option(min=0, max=MAX_EXTRA_MINUTES, help="Extra time.")] = 0,
    file: Annotated[Path | None, typer.Option(help="JSON or YAML: muted, relaxed, gaze_zone_factor.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also for an unknown candidate.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Set a candidate's accommodation. It replaces the former one; running sessions keep theirs.

    Examples:

        proctorctl accommodations set CAND-12345 EXAM-CS101 --mute GAZE_OFF_SCREEN --extra-minutes 30

        proctorctl accommodations set CAND-12345 EXAM-CS101 --file agreed.yaml
    """
    agreed = read_document(file, "accommodation", MAX_FILE_BYTES) if file else {}
    if mute:
        agreed["muted"] = mute
    request = checked(
        AccommodationRequest,
        accommodation=agreed,
        extra_minutes=extra_minutes,
        allow_unregistered=force,
    )
    with connect() as client:
        candidate, exam = _in_order(client, candidate, exam)
        write_one(client.exams.agree(exam, candidate, request).model_dump(mode="json"), output)


@app.command()
def withdraw(candidate: CandidateId, exam: ExamId, yes: YesOption = False) -> None:
    """Withdraw a candidate's accommodation. Running sessions keep it.

    Example:

        proctorctl accommodations withdraw CAND-12345 EXAM-CS101 --yes
    """
    with connect() as client:
        candidate, exam = _in_order(client, candidate, exam)
        ask_first(f"Withdraw the accommodation of {candidate} for {exam}?", yes)
        client.exams.withdraw_accommodation(exam, candidate)


def _in_order(client: Client, candidate: str, exam: str) -> tuple[str, str]:
    """Candidate and exam. The order of earlier releases, the exam first, is still taken, with a word about
    it."""
    if _is_exam(client, exam) or not _is_exam(client, candidate):
        return candidate, exam
    sys.stderr.write(
        "proctorctl: write CANDIDATE EXAM, in this order; release 0.2 no longer takes the exam first\n"
    )
    return exam, candidate


def _is_exam(client: Client, name: str) -> bool:
    try:
        client.exams.one(name)
    except Rejected as refusal:
        if refusal.status != 404:
            raise
        return False
    return True
