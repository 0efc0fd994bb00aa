"""`proctorctl enroll`: enroll candidates' faces, list them, look at one, decide about one, erase one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import batches
from cli.acknowledged import AcknowledgedOption, OnPaperOption, said
from cli.batches import require_alone, require_named
from cli.calls import checked
from cli.candidates_from import enrolling, image_of, pictures_of
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_one, write_rows
from shared.api.enrollments import EnrollmentDecision, EnrollRequest, EnrollResponse

app = typer.Typer(no_args_is_help=True)

_PICTURES = ("picture", "selected", "quality_score", "sharpness_score", "face_bbox", "failed")

_ENROLLED = ("candidate_id", "exam_id", "enrolled_at", "expires_at", "expired", "pending_id", "enrollment_id")

_WAITING = ("enrollment_id", "candidate_id", "exam_id", "enrolled_at", "similarity", "in_force_id")

LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")]
Enrollment = Annotated[str, typer.Argument(metavar="ENROLLMENT", help="The enrollment_id.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="The grounds, for the record.")]
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")]


@app.command()
def add(
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")] = "",
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")] = "",
    pictures: Annotated[
        list[Path] | None, typer.Argument(metavar="PICTURE", help="3 to 5 JPEG or PNG files.")
    ] = None,
    acknowledged: AcknowledgedOption = "",
    on_paper: OnPaperOption = False,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PLACE", help="Enroll all of this folder or CSV file instead."),
    ] = None,
    of_rows: Annotated[
        str, typer.Option("--exam", metavar="EXAM", help="With --from: for rows without an exam_id.")
    ] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Enroll a candidate from pictures. Reports for each whether it was accepted, and if not, why and what to
    do.

    With --from: a folder with one folder of pictures per candidate, named as its candidate_id; or a CSV file
    with the columns candidate_id, picture (a file, from there) and exam_id, and a row per picture. Run again,
    it leaves out who has an enrollment in force.

    Examples:

        proctorctl enroll add CAND-12345 EXAM-CS101 front.jpg nearer.jpg window.jpg --acknowledged notice-3

        proctorctl enroll add --from faces/ --exam EXAM-CS101 --acknowledged notice-3
    """
    consent = said(acknowledged, on_paper=on_paper)
    if source is not None:
        require_alone(candidate, exam, pictures)
        rows = pictures_of(source, of_rows)
        with connect() as client:
            batches.run(rows, enrolling(client, consent), batches.results_beside(source))
        return
    require_named(candidate, exam)
    if not pictures:
        raise typer.BadParameter("name the files of pictures")
    images = [image_of(path) for path in pictures]
    request = checked(
        EnrollRequest,
        candidate_id=candidate,
        exam_id=exam,
        images=images,
        acknowledged=consent,
    )
    with connect() as client:
        _print(client.enrollments.add(request), [path.name for path in pictures], output)


@app.command("list")
def list_command(
    exam: Annotated[str, typer.Option(help="Only those made for this exam_id.")] = "",
    limit: LimitOption = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List who is enrolled, oldest first, expired ones too. Of each candidate only the enrollment in force.

    Example:

        proctorctl enroll list --exam EXAM-CS101
    """
    with connect() as client:
        rows = client.enrollments.listed({"exam_id": exam} if exam else {}, limit)
    write_rows([row.model_dump(mode="json") for row in rows], _ENROLLED, output)


@app.command()
def show(candidate: Candidate, output: OutputOption = Format.TABLE) -> None:
    """Show the enrollment in force: its measurements, never the pictures.

    Example:

        proctorctl enroll show CAND-12345
    """
    with connect() as client:
        answer = client.enrollments.one(candidate)
    _print(answer, [str(number) for number in range(1, len(answer.embeddings) + 1)], output)


@app.command()
def pending(output: OutputOption = Format.TABLE, limit: LimitOption = 100) -> None:
    """List enrollments that are unlike the one before and wait for a decision; the one before stays in force.

    Example:

        proctorctl enroll pending
    """
    with connect() as client:
        rows = client.enrollments.pending(limit)
    write_rows([row.model_dump(mode="json") for row in rows], _WAITING, output)


@app.command()
def accept(enrollment: Enrollment, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Accept an enrollment that waits: it shows the candidate, and counts from now on.

    Example:

        proctorctl enroll accept 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69 --reason "Seen with the student card."
    """
    _decide(enrollment, "accept", reason, output)


@app.command()
def refuse(enrollment: Enrollment, reason: ReasonOption, output: OutputOption = Format.TABLE) -> None:
    """Refuse an enrollment that waits: its template is erased, and the former enrollment stays in force.

    Example:

        proctorctl enroll refuse 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69 --reason "It shows somebody else."
    """
    _decide(enrollment, "refuse", reason, output)


@app.command()
def erase(candidate: Candidate, yes: YesOption = False) -> None:
    """Erase a candidate's templates permanently by destroying their keys.

    Example:

        proctorctl enroll erase CAND-12345 --yes
    """
    ask_first(f"Erase the enrollment of {candidate}?", yes)
    with connect() as client:
        client.enrollments.erase(candidate)


def _decide(enrollment: str, verdict: str, reason: str, output: Format) -> None:
    decision = checked(EnrollmentDecision, verdict=verdict, text=reason)
    with connect() as client:
        write_one(client.enrollments.decide(enrollment, decision).model_dump(mode="json"), output)


def _print(answer: EnrollResponse, names: list[str], output: Format) -> None:
    data = answer.model_dump(mode="json")
    if not output.for_people:
        write_data(data, output)
        return
    shown = ("candidate_id", "status", "state", "enrollment_id", "enrollment_timestamp")
    write_one({name: data[name] for name in shown}, output)
    rows = [
        {**image, "picture": name, "failed": [f"{one['check']}: {one['advice']}" for one in image["failed"]]}
        for name, image in zip(names, data["embeddings"], strict=True)
    ]
    write_rows(rows, _PICTURES, output)
    for advice in answer.recommendations:
        typer.echo(advice)
