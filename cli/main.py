"""`proctorctl`: the command line."""

from __future__ import annotations

import sys

import typer

from cli import models
from shared.errors import ConfigError, ProctorError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(models.app, name="models")


def main() -> None:
    """Run the command; a problem is said in one line, with exit code 2 for a wrong installation."""
    try:
        app()
    except ProctorError as error:
        sys.stderr.write(f"proctorctl: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
