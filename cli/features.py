"""`proctorctl features`: what was measured in an exam, for a later classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.connection import connect
from shared.writing import writing_under

app = typer.Typer(no_args_is_help=True)


@app.command()
def export(
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam_id.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="The CSV file to write.")],
) -> None:
    """Write an exam's log of features as a CSV file, with people's verdicts as labels and without names.

    Only candidates who agreed to the log are in it, under random ids that are others in each file.

    Example:

        proctorctl features export BIO-101 features.csv
    """
    with writing_under(file):
        file.touch(mode=0o600)
        file.chmod(0o600)  # also one that others could read before
    with connect() as client:
        size = client.features.export(exam, file)
    typer.echo(f"{file}: {size} bytes, readable by you alone.")
