"""`proctorctl`: the command line.

Exit codes: 0 done, 1 refused or not available, 2 wrong installation or wrong command line.
"""

from __future__ import annotations

import signal
import sys

import typer

from cli import (
    accommodations,
    alerts,
    audit,
    backups,
    destinations,
    enroll,
    exams,
    features,
    fleet,
    holds,
    incidents,
    models,
    nodes,
    parked,
    policies,
    privacy,
    retention,
    review,
    sessions,
    tenants,
    tokens,
    webhooks,
)
from cli.demo import demo
from cli.doctor.command import doctor
from cli.up import up
from shared.errors import ConfigError, ProctorError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(exams.app, name="exams")
app.add_typer(accommodations.app, name="accommodations")
app.add_typer(enroll.app, name="enroll")
app.add_typer(alerts.app, name="alerts")
app.add_typer(incidents.app, name="incidents")
app.add_typer(review.app, name="review")
app.add_typer(sessions.app, name="sessions")
app.add_typer(tenants.app, name="tenants")
app.add_typer(tokens.app, name="tokens")
app.add_typer(destinations.app, name="destinations")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(models.app, name="models")
app.add_typer(nodes.app, name="nodes")
app.add_typer(features.app, name="features")
app.add_typer(fleet.app, name="fleet")
app.add_typer(parked.app, name="parked")
app.add_typer(audit.app, name="audit")
app.add_typer(holds.app, name="holds")
app.add_typer(retention.app, name="retention")
app.add_typer(policies.app, name="policies")
app.add_typer(privacy.app, name="privacy")
app.command(context_settings=backups.HANDED_ON)(backups.backup)
app.command()(up)
app.command()(demo)
app.command()(doctor)


def main() -> None:
    """Run the command; an error is printed as one line, with exit code 2 for a wrong installation.

    SIGINT stops every command, also one started as a background job by a shell that ignores the signal.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except ProctorError as error:
        sys.stderr.write(f"proctorctl: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
