"""`proctorctl enroll`: enroll a candidate's face from pictures, look at an enrollment, erase one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_one, write_rows
from shared.api.enrollments import EnrollImage, EnrollRequest, EnrollResponse
from shared.errors import ConfigError

app = typer.Typer(help="Enrollments: enroll a face, look, erase.", no_args_is_help=True)

MAX_PICTURE_BYTES: Final = 4 * 1_048_576
"""The limit of one picture in the API."""
_PICTURES = ("picture", "selected", "quality_score", "sharpness_score", "face_bbox", "failed")

Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help="The candidate_id.")]


@app.command()
def add(
    candidate: Candidate,
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="3 to 5 JPEG or PNG files.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Enroll a candidate from pictures. Reports for each whether it was accepted, and if not, why and what to
    do.

    Example:

        proctorctl enroll add CAND-12345 EXAM-CS101 front.jpg nearer.jpg window.jpg
    """
    images = [EnrollImage(image_base64=_base64(path)) for path in pictures]
    request = checked(EnrollRequest, candidate_id=candidate, exam_id=exam, images=images)
    with connect() as client:
        _print(client.enroll(request), [path.name for path in pictures], output)


@app.command()
def show(candidate: Candidate, output: OutputOption = Format.TABLE) -> None:
    """Show the enrollment in force: its measurements, never the pictures.

    Example:

        proctorctl enroll show CAND-12345
    """
    with connect() as client:
        answer = client.enrollment(candidate)
    _print(answer, [str(number) for number in range(1, len(answer.embeddings) + 1)], output)


@app.command()
def erase(candidate: Candidate, yes: YesOption = False) -> None:
    """Erase a candidate's templates permanently by destroying their keys.

    Example:

        proctorctl enroll erase CAND-12345 --yes
    """
    ask_first(f"Erase the enrollment of {candidate}?", yes)
    with connect() as client:
        client.erase_enrollment(candidate)


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
    shown = ("candidate_id", "status", "enrollment_id", "enrollment_timestamp")
    write_one({name: data[name] for name in shown}, output)
    rows = [
        {**image, "picture": name, "failed": [f"{one['check']}: {one['advice']}" for one in image["failed"]]}
        for name, image in zip(names, data["embeddings"], strict=True)
    ]
    write_rows(rows, _PICTURES, output)
    for advice in answer.recommendations:
        typer.echo(advice)
