"""Commands of `proctor-coordinator` about the hub and the fleet's CA."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import random_serial_number

from coordinator.config import CoordinatorConfig
from coordinator.ground.ca_files import CaStep, take_step
from coordinator.ground.fleet_keys import FleetKeys, replace_hub_keys
from coordinator.ground.master_keys import given_text
from coordinator.ground.own_keys import OwnKeys, load_own_keys
from coordinator.nodes import hub_certificates, hub_identities
from shared.config_file import load
from shared.errors import ConfigError
from shared.secret_file import replace_private
from shared.writing import writing_under

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration, a TOML file.")]
_HOST: Final = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")


def own_keys_of(config: CoordinatorConfig) -> OwnKeys:
    """The keys of the installation with this configuration. Raises `ConfigError`."""
    given = given_text(config.keys.master_key_command)
    return load_own_keys(config.data_folder, config.master_key_path, given)


def _hosts(names: list[str]) -> list[str]:
    for name in names:
        if not _HOST.fullmatch(name):
            raise typer.BadParameter(f"{name!r} is neither a name of a host nor an IP address")
    return names


def hub_settings(
    config: ConfigFile,
    folder: Annotated[
        Path, typer.Option(help="Folder of the hub, where it keeps what it is told of accounts.")
    ],
    tls: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the hub with the files of `hub-certificate`."),
    ] = None,
) -> None:
    """Print what the hub's configuration needs for `login = "identity"`. It contains no secrets.

    Include it in the configuration of nats-server instead of users and passwords. Nodes that join, and this
    coordinator, then log in with identities that this coordinator signs. With --tls, only who shows a
    certificate of this coordinator's CA may speak to the hub.

    Example: proctor-coordinator hub-settings --config coordinator.toml --folder /var/lib/nats/accounts
    --tls /etc/nats/tls
    """
    _print_settings(own_keys_of(load(config, CoordinatorConfig)).fleet, folder, tls)


def hub_certificate(
    config: ConfigFile,
    name: Annotated[
        list[str],
        typer.Option(
            help="Name or IP address by which clients reach the hub; may be repeated.", callback=_hosts
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write; earlier files are replaced.")],
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Print what `hub-settings --folder FOLDER --tls DIR` prints."),
    ] = None,
) -> None:
    """Write a certificate for the hub, good for 90 days, its key, and the CA by which it knows its clients.

    The files are hub.pem, hub.key and ca.pem. Give them to the hub before the former ones end, and let it
    read them with `nats-server --signal reload`; connections that are open stay.

    Example: proctor-coordinator hub-certificate --config coordinator.toml --name hub.example.org --out ./tls
    """
    keys, own = own_keys_of(load(config, CoordinatorConfig)).fleet, generate_private_key(SECP256R1())
    issuer, serial = hub_certificates.Issuer(keys.ca, keys.authorities), random_serial_number()
    made = hub_certificates.hub_files(issuer, own, name, serial, datetime.now(UTC))
    with writing_under(out):
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, text in made.items():
            replace_private(out / file, text)
    if settings is not None:
        _print_settings(keys, settings, out)


def rotate_ca(
    config: ConfigFile,
    step: Annotated[CaStep, typer.Argument(help="prepare, then switch, then finish.")],
    force: Annotated[bool, typer.Option(help="Also if nodes have not renewed since the last step.")] = False,
) -> None:
    """Let another CA take over, in three steps; exams go on, and nothing is restarted.

    prepare makes it: from then on both are accepted. switch lets it sign, finish ends what the former one has
    signed. A node learns of a step when it renews, within 16 hours; switch and finish are refused until all
    have. After each step: give the hub new files (`hub-certificate`) and let it read them, and copy the files
    `ca.*` of the data folder to other replicas of the coordinator. A node that is away for long follows when
    it is back.

    Example: proctor-coordinator rotate-ca prepare --config coordinator.toml
    """
    settings, now_utc = load(config, CoordinatorConfig), datetime.now(UTC)
    keys = own_keys_of(settings)
    since_utc = keys.fleet.authority.since_utc
    if step is not CaStep.PREPARE and since_utc is not None and not force:
        _require_renewed(settings, since_utc, now_utc)
    take_step(settings.data_folder, keys.keyring, step, now_utc)
    typer.echo(f"done: {step}; now run hub-certificate for the hub, and let it read the files")


def rotate_hub_keys(config: ConfigFile) -> None:
    """Replace the keys of the hub's operator and accounts, at once, as when one may have leaked.

    Then restart the coordinator, and the hub with the new output of `hub-settings` and with its folder of
    accounts emptied. What nodes log in with is worth nothing then: each is refused, and so renews at once,
    with its own key. Exams go on, and alerts that only the hub had come again from the outboxes.

    Example: proctor-coordinator rotate-hub-keys --config coordinator.toml
    """
    settings = load(config, CoordinatorConfig)
    keys = own_keys_of(settings)
    with writing_under(settings.data_folder):
        replace_hub_keys(settings.data_folder, keys.keyring)
    typer.echo("done; now restart the coordinator, and the hub with the new hub-settings")


def _require_renewed(settings: CoordinatorConfig, since_utc: datetime, now_utc: datetime) -> None:
    from coordinator.ground.database import Database  # with every table, as in `token`
    from coordinator.memberships import service as memberships

    database = Database(settings.database)
    try:
        with database.read() as db:
            waiting = memberships.not_renewed_since(db, since_utc, now_utc)
    finally:
        database.close()
    if waiting:
        raise ConfigError(
            f"{len(waiting)} nodes have not renewed since the last step, such as {waiting[0]}; wait, or lose "
            "them until they renew with --force"
        )


def _print_settings(keys: FleetKeys, folder: Path, tls: Path | None) -> None:
    now_utc = datetime.now(UTC)
    said = hub_identities.hub_settings(keys.operator, keys.system, keys.account, folder, now_utc, tls)
    typer.echo(said, nl=False)
