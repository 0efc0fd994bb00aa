"""`proctor-coordinator`: creates keys, migrates, checks configuration and database, issues tokens, serves.

Exit codes: 0 success, 1 a needed service is unavailable, 2 the installation or its configuration is wrong.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from coordinator.backups.unfinished import require_restored
from coordinator.config import CoordinatorConfig
from coordinator.hub_commands import ConfigFile, own_keys_of
from coordinator.tenants.institutions import INSTALLATION_ID
from shared import logs
from shared.canonical import canonical_json, parse_json
from shared.config_file import load
from shared.dumps import no_core_dumps
from shared.errors import ConfigError, ProctorError
from shared.garbage import loading
from shared.late_commands import MANUAL, Rows, late_group
from shared.tokens import Claims, Role
from shared.writing import writing_under

if TYPE_CHECKING:
    from sqlmodel import Session

COMMANDS: Final[Rows] = {
    "backup": (
        "coordinator.backup_commands:app",
        "Backups of database and keys, sealed to a key whose private half is kept elsewhere.",
    ),
    "hub-settings": (
        "coordinator.hub_commands:hub_settings",
        'Print what the hub\'s configuration needs for `login = "identity"`. It contains no secrets.',
    ),
    "hub-certificate": (
        "coordinator.hub_commands:hub_certificate",
        "Write a certificate for the hub, good for 90 days, its key, and the CA by which it "
        "knows its clients.",
    ),
    "rotate-ca": (
        "coordinator.hub_commands:rotate_ca",
        "Let another CA take over, in three steps; exams go on, and nothing is restarted.",
    ),
    "rotate-hub-keys": (
        "coordinator.hub_commands:rotate_hub_keys",
        "Replace the keys of the hub's operator and accounts, at once, as when one may have leaked.",
    ),
    "rotate-master": (
        "coordinator.master_commands:rotate_master",
        "Let another master key take over, in four steps; exams go on, and nothing is restarted.",
    ),
    "rotate-signing": (
        "coordinator.signing_commands:rotate_signing",
        "Let another key sign commands, receipts, checkpoints and backups, in three steps; exams go on, and "
        "nothing is restarted.",
    ),
    "manual": MANUAL,
}
"""Commands in modules of their own."""

app = typer.Typer(
    cls=late_group(COMMANDS),
    help="The coordinator of Proctor Edge: enrollments, sessions, alerts, and their REST API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
OPERATOR: Final = "operator"
"""The issuer's name of tokens from this machine."""


def _reference(text: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from shared.fields import Reference

    try:
        return TypeAdapter(Reference).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter("at most 128 letters, digits and . _ : @ -") from error


@app.command()
def init(data: Annotated[Path, typer.Option(help="The data folder; created if missing.")]) -> None:
    """Create the coordinator's missing keys, and print the public key for the nodes' configuration.

    Example: proctor-coordinator init --data /var/lib/proctor/coordinator
    """
    from coordinator.ground.master_keys import given_text
    from coordinator.ground.own_keys import make_own_keys

    keys = make_own_keys(data, given_text())
    typer.echo(json.dumps({"signing_key": keys.signing_text}))


@app.command()
def migrate(config: ConfigFile) -> None:
    """Migrate the database to the revision that this program needs.

    Example: proctor-coordinator migrate --config /etc/proctor/coordinator.toml
    """
    from coordinator import schema  # Alembic takes half a second to load; no other quick command needs it
    from coordinator.ground.database import Database

    settings = load(config, CoordinatorConfig)
    require_restored(settings.data_folder)
    database = Database(settings.database)
    try:
        schema.upgrade(database)
        typer.echo(f"the database is at revision {schema.current(database)}")
    finally:
        database.close()


@app.command()
def check_config(config: ConfigFile) -> None:
    """Check whether the configuration and its keys can be used; changes nothing.

    Example: proctor-coordinator check-config --config /etc/proctor/coordinator.toml
    """
    from shared.hub_checks import hub_tls
    from shared.web_server.tls import server_tls

    settings = load(config, CoordinatorConfig)
    settings.nats.read_password()
    hub_tls(settings.nats.url, settings.nats.ca_file)
    server_tls(settings.web.tls)
    settings.ice.read_servers()
    own_keys_of(settings)
    typer.echo(f"{config} is good")


@app.command()
def check_database(config: ConfigFile) -> None:
    """Check whether the database exists and has the revision that this program needs; changes nothing.

    Example: proctor-coordinator check-database --config /etc/proctor/coordinator.toml
    """
    from coordinator import schema  # with Alembic and every table, as in `migrate`
    from coordinator.ground.database import Database

    database = Database(load(config, CoordinatorConfig).database)
    try:
        schema.require_newest(database)
    finally:
        database.close()
    typer.echo(f"the database is at revision {schema.newest()}")


@app.command()
def token(
    config: ConfigFile,
    role: Annotated[Role, typer.Option(help="What the bearer may do.")],
    subject: Annotated[str, typer.Option(help="The name of the user or service.", callback=_reference)],
    minutes: Annotated[int, typer.Option(help="Lifetime.", min=1, max=1_440)] = 60,
    tenant: Annotated[str, typer.Option(help="Name of the institution; by default the first one.")] = "",
) -> None:
    """Print an access token for an institution, or for an operator, who belongs to no institution.

    Examples: proctor-coordinator token --config coordinator.toml --role admin --subject alice --minutes 30
    proctor-coordinator token --config coordinator.toml --role admin --subject bob --tenant "North"
    """
    if role is Role.OPERATOR and tenant:
        raise typer.BadParameter("an operator belongs to no institution; leave out --tenant")
    from coordinator import schema  # with Alembic and every table, as in `migrate`
    from coordinator.audit import service as audit
    from coordinator.ground.acting import Acting
    from coordinator.ground.database import Database
    from coordinator.ground.ids import uuid7
    from coordinator.tokens import service as tokens

    settings = load(config, CoordinatorConfig)
    keys, database = own_keys_of(settings), Database(settings.database)
    try:
        schema.require_newest(database)
        with database.write() as db:
            wanted = tokens.NewToken(
                tenant_id=_tenant_id(db, role, tenant),
                subject=subject,
                role=role,
                lifetime=timedelta(minutes=minutes),
                issued_by=OPERATOR,
                now_utc=datetime.now(UTC),
            )
            made, _ = tokens.make(db, keys, wanted)
            by = Claims(subject=OPERATOR, role=Role.OPERATOR, tenant_id=wanted.tenant_id)
            audit.write(db, keys.keyring, Acting(uuid7(), "", by, "create_token"), 201, wanted.now_utc)
    finally:
        database.close()
    typer.echo(made)


def _tenant_id(db: Session, role: Role, name: str) -> UUID:
    from coordinator.tenants import service as tenants
    from coordinator.tenants.tables import DEFAULT_TENANT_ID

    if role is Role.OPERATOR:
        return INSTALLATION_ID
    return tenants.by_name(db, name).id if name else DEFAULT_TENANT_ID


@app.command()
def openapi(
    pages: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Write it into this folder as Markdown instead."),
    ] = None,
) -> None:
    """Print the OpenAPI 3.1 description of the API; it is the same for every installation of this version.

    Examples: proctor-coordinator openapi > openapi.json
    proctor-coordinator openapi --pages build/docs
    """
    from coordinator.app import create_app
    from coordinator.web_api import reference

    described = create_app(CoordinatorConfig(data_folder=Path("/nonexistent"))).openapi()
    if pages is None:
        typer.echo(json.dumps(described, indent=1, ensure_ascii=False))
        return
    with writing_under(pages):
        for name, text in reference.pages(described).items():
            (pages / name).parent.mkdir(parents=True, exist_ok=True)
            (pages / name).write_text(text, "utf-8")


@app.command()
def contract(
    promised: Annotated[
        Path, typer.Argument(metavar="FILE", help="The API description that callers rely on.")
    ],
    promise: Annotated[
        bool, typer.Option(help="Write this version's description as the new promise.")
    ] = False,
) -> None:
    """List how this version's API breaks the promised description; exit code 1 if it does.

    Example: proctor-coordinator contract coordinator/promised.json
    """
    from coordinator.app import create_app
    from coordinator.web_api.contract import bare, breaks

    described = create_app(CoordinatorConfig(data_folder=Path("/nonexistent"))).openapi()
    if promise:
        promised.write_bytes(canonical_json(bare(described)) + b"\n")
        return
    try:
        found = breaks(parse_json(promised.read_bytes()), described)
    except OSError as error:
        raise ConfigError(f"{promised} cannot be read: {error.strerror}") from error
    for each in found:
        typer.echo(f"breaks callers: {each}")
    if found:
        raise typer.Exit(1)


@app.command()
def serve(config: ConfigFile) -> None:
    """Serve the REST API, the sockets and the pages, and receive alerts, until stopped.

    Example: proctor-coordinator serve --config /etc/proctor/coordinator.toml
    """
    with loading():
        from coordinator import schema, serving  # only this command needs the whole web stack
        from coordinator.ground.database import Database

    no_core_dumps()
    settings = load(config, CoordinatorConfig)
    logs.configure("coordinator")
    require_restored(settings.data_folder)
    database = Database(settings.database)
    try:
        schema.require_newest(database)
    finally:
        database.close()
    serving.run(settings)


def main() -> None:
    """Run a command; print an error as one paragraph, without a traceback."""
    try:
        app()
    except ConfigError as error:
        print(f"proctor-coordinator: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except ProctorError as error:
        print(f"proctor-coordinator: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
