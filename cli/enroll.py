"""`proctorctl enroll`: enroll a candidate's face, look at an enrollment, decide about one, erase one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.acknowledged import AcknowledgedOption, OnPaperOption, said
from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_one, write_rows
from shared.api.enrollments import EnrollImage, EnrollmentDecision, EnrollRequest, EnrollResponse
from shared.errors import ConfigError

app = typer.Typer(no_args_is_help=True)

MAX_PICTURE_BYTES: Final = 4 * 1_048_576
"""The limit of one picture in the API."""
_PICTURES = ("picture", "selected", "quality_score", "sharpness_score", "face_bbox", "failed")

_WAITING = ("enrollment_id", "candidate_id", "exam_id", "enrolled_at", "similarity", "in_force_id")

LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")]
Enrollment = Annotated[str, typer.Argument(metavar="ENROLLMENT", help="The enrollment_id.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="The grounds, for the record.")]
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")]


@app.command()
def add(
    candidate: Candidate,
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="3 to 5 JPEG or PNG files.")],
    acknowledged: AcknowledgedOption = "",
    on_paper: OnPaperOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Enroll a candidate from pictures. Reports for each whether it was accepted, and if not, why and what to
    do.

    Example:

        proctorctl enroll add CAND-12345 EXAM-CS101 front.jpg nearer.jpg window.jpg --acknowledged notice-3
    """
    images = [EnrollImage(image_base64=_base64(path)) for path in pictures]
    request = checked(
        EnrollRequest,
        candidate_id=candidate,
        exam_id=exam,
        images=images,
        acknowledged=said(acknowledged, on_paper=on_paper),
    )
    with connect() as client:
        _print(client.enrollments.add(request), [path.name for path in pictures], output)


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


def _base64(path: Path) -> str:
    """A picture file as the API accepts it. Raises `ConfigError` if it is empty or too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the picture {path} cannot be read: {error.strerror}") from error
    if not content or len(content) > MAX_PICTURE_BYTES:
        raise ConfigError(f"the picture {path} is empty or larger than {MAX_PICTURE_BYTES} bytes")
    return base64.b64encode(content).decode("ascii")


def _print(answer: EnrollResponse, names: list[str], output: Format) -> None:
    data = answer.model_dump(mode="json")
    if output is not Format.TABLE:
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
