"""`proctorctl`: the command line.

Exit codes: 0 done, 1 refused or not available, 2 wrong installation or wrong command line.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated, Final

import typer

from shared.errors import ConfigError, ProctorError
from shared.late_commands import Rows, late_group

COMMANDS: Final[Rows] = {
    "up": (
        "cli.up:up",
        "Start nats-server, coordinator and one edge node on this machine, and stop them on Ctrl-C.",
    ),
    "demo": (
        "cli.demo:demo",
        "Run a scripted 90-second exam from end to end and compare its alerts with the script.",
    ),
    "doctor": (
        "cli.doctor.command:doctor",
        "Check an installation and say how to repair what is wrong. Changes nothing.",
    ),
    "backup": (
        "cli.backups:command",
        "Make, list, verify and restore backups: on the coordinator's machine, as its user.",
    ),
    "exams": ("cli.exams:app", "Exams and the versions of their policies."),
    "accommodations": ("cli.accommodations:app", "What is agreed with one candidate for one exam."),
    "enroll": ("cli.enroll:app", "Enrollments: enroll a face, look, decide, erase."),
    "alerts": ("cli.alerts:app", "Alerts as they arrived."),
    "incidents": ("cli.incidents:app", "Look at incidents; `review` decides on them."),
    "review": ("cli.review:app", "The review queue, and verdicts on incidents."),
    "sessions": ("cli.sessions:app", "Sessions: start, look at, act on, end."),
    "tenants": ("cli.tenants:app", "For operators; `own` and `acknowledgement` are for administrators."),
    "tokens": ("cli.tokens:app", "Access tokens and the keys that sign them."),
    "destinations": ("cli.destinations:app", "Systems of the institution that are told alerts and verdicts."),
    "webhooks": (
        "cli.webhooks:app",
        "Signed requests to the institution's systems; see also `destinations`.",
    ),
    "models": ("cli.models:app", "Weights of the neural networks: fetch, list, verify, roll out."),
    "nodes": ("cli.nodes:app", "The fleet's edge nodes, for operators."),
    "features": ("cli.features:app", "The log of features, off by default; for administrators."),
    "fleet": ("cli.fleet:app", "The fleet as a whole, for operators."),
    "parked": ("cli.parked:app", "Alert messages that could not be judged; for operators."),
    "audit": ("cli.audit:app", "Who read or changed what; for administrators and data protection."),
    "holds": ("cli.holds:app", "Legal holds, for data protection officers."),
    "retention": (
        "cli.retention:app",
        "What is erased by a date; for data protection officers and administrators.",
    ),
    "policies": ("cli.policies:app", "Exam policies as files: check, compare, show, try on recordings."),
    "privacy": ("cli.privacy:app", "Erasure and access, for data protection officers."),
}
"""One row per noun; a command imports its own noun only."""

app = typer.Typer(cls=late_group(COMMANDS), no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"proctorctl {version('proctor')}")
        raise typer.Exit


@app.callback(help="Everything an administrator does, over the coordinator's REST API.")
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command; an error is printed as one line, with exit code 2 for a wrong installation.

    SIGINT stops every command, also one started as a background job by a shell that ignores the signal.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # httpx loads its own command line where rich is there, at a fourth of a command's start. It does without.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    try:
        app()
    except ProctorError as error:
        sys.stderr.write(f"proctorctl: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
