"""Commands of `proctor-coordinator` about backups."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.backups import opening
from coordinator.backups.creating import Maker, create as make, maker_of, prune
from coordinator.backups.lists import Found, found_at, target_of
from coordinator.backups.manifest import Kind
from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.key_files import write_once
from coordinator.ground.master_keys import from_base64
from coordinator.hub_commands import ConfigFile, own_keys_of
from coordinator.storing_sections import BackupSection
from shared.config_file import load
from shared.errors import ConfigError, Corrupt
from shared.fields import format_utc
from shared.hybrid import Opener, new_hybrid, read_opener
from shared.sealing import new_sealing_key, parse_signing_public
from shared.secret_file import read_secret
from shared.writing import writing_under

app = typer.Typer(no_args_is_help=True)
PrivateKey = Annotated[
    Path | None, typer.Option("--private-key", metavar="FILE", help="The file that `recipient` has written.")
]
SigningKey = Annotated[
    str,
    typer.Option(
        metavar="ed25519:…", help="Signing key of the coordinator that made it; by default this one's own."
    ),
]
BackupId = Annotated[str, typer.Argument(metavar="BACKUP", help="Its id; by default the newest good one.")]


@app.command()
def recipient(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the private half.")],
    hybrid: Annotated[
        bool, typer.Option(help="With a half of ML-KEM-768, against future quantum computers.")
    ] = False,
    former: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An earlier private half; the new file opens its backups too."),
    ] = None,
) -> None:
    """Create the key to which backups are sealed, and print its public half for the settings.

    Do this elsewhere, not on the coordinator's machine: whoever has the private half opens every backup, and
    who has lost it opens none. Keep with it what `proctor-coordinator init` prints, by which a backup of
    yours is known.

    Example: proctor-coordinator backup recipient --out backup.key --hybrid
    """
    if former is not None and not hybrid:
        raise ConfigError("--former is for --hybrid: a plain key has no room for another one")
    key = Opener(
        new_sealing_key() if former is None else _opener(former).x25519, new_hybrid() if hybrid else None
    )
    if out.exists():
        raise ConfigError(f"{out} is there already; a key is never replaced")
    with writing_under(out.parent):
        write_once(out, base64.b64encode(key.private_bytes()) + b"\n")
    typer.echo(json.dumps({"recipient": key.public_text(hybrid=hybrid)}))


@app.command()
def create(config: ConfigFile) -> None:
    """Make a backup now, also while the coordinator serves; then delete those that are kept no longer.

    Example: proctor-coordinator backup create --config /etc/proctor/coordinator.toml
    """
    with _maker(load(config, CoordinatorConfig)) as maker:
        made = make(maker, datetime.now(UTC))
        gone = prune(maker, datetime.now(UTC))
    typer.echo(json.dumps({"backup": made.backup_id, "deleted": gone}))


@app.command("list")
def list_backups(config: ConfigFile, signing_key: SigningKey = "") -> None:
    """List the backups of the database, and that of the keyring, newest first; whether each is good, and why
    not.

    Example: proctor-coordinator backup list --config /etc/proctor/coordinator.toml
    """
    settings = load(config, CoordinatorConfig)
    section, signers = _section(settings), _signers(settings, signing_key)
    for kind in Kind:
        for one in found_at(target_of(section, kind), kind, signers):
            typer.echo(json.dumps({"kind": str(kind), **_shown(one)}))


@app.command()
def verify(
    config: ConfigFile, backup: BackupId = "", private_key: PrivateKey = None, signing_key: SigningKey = ""
) -> None:
    """Read a backup and the keyring's to their ends: signature, lengths, hashes; with the private key also
    what is sealed. Exit code 1 if one was changed or cut off.

    Example: proctor-coordinator backup verify --config /etc/proctor/coordinator.toml --private-key backup.key
    """
    settings = load(config, CoordinatorConfig)
    section, signers = _section(settings), _signers(settings, signing_key)
    opener = None if private_key is None else _opener(private_key)
    for kind, wanted in ((Kind.DATABASE, backup), (Kind.KEYRING, "")):
        target = target_of(section, kind)
        manifest = opening.chosen(found_at(target, kind, signers), wanted)
        opening.check(target, manifest, opener)
        how = "whole" if opener is None else "whole, and opens"
        typer.echo(json.dumps({"kind": str(kind), "backup": manifest.backup_id, "is": how}))


@app.command()
def restore(
    config: ConfigFile,
    private_key: Annotated[Path, typer.Option(metavar="FILE", help="What `recipient` has written.")],
    signing_key: Annotated[
        str, typer.Option(metavar="ed25519:…", help="Signing key of the coordinator that made the backup.")
    ],
    backup: BackupId = "",
) -> None:
    """Restore a backup into an empty data folder and database, as far as it may be served.

    Nothing serves meanwhile. Who was erased since the backup is erased again, what was withdrawn, corrected
    or revoked since is so again, and what is due is erased. Take the private key away from the machine
    afterwards.

    Example: proctor-coordinator backup restore --config /etc/proctor/coordinator.toml
    --private-key backup.key --signing-key ed25519:…
    """
    from coordinator.restoring import RestoreWish, restore as restore_now  # with the whole coordinator

    settings = load(config, CoordinatorConfig)
    done = restore_now(
        RestoreWish(
            config=settings,
            settings=_section(settings),
            backup_id=backup,
            opener=_opener(private_key),
            signer=_signers(settings, signing_key)[0],
        ),
        datetime.now(UTC),
    )
    said = {
        "restored": done.manifest.backup_id,
        "made_at": format_utc(done.manifest.made_utc),
        "keyring_of": format_utc(done.keyring_utc),
        "erased_again": done.erased_again,
        "taken_back_again": done.taken_back,
    }
    typer.echo(json.dumps(said))


@contextmanager
def _maker(settings: CoordinatorConfig) -> Iterator[Maker]:
    from coordinator import schema  # with Alembic and every table

    keys, database = own_keys_of(settings), Database(settings.database)
    try:
        maker = maker_of(settings, database, keys)
        schema.require_newest(database)
        yield maker
    finally:
        database.close()


def _section(settings: CoordinatorConfig) -> BackupSection:
    if settings.backup is None:
        raise ConfigError("no backups are configured: the settings need [backup] with target and recipient")
    return settings.backup


def _signers(settings: CoordinatorConfig, text: str) -> tuple[Ed25519PublicKey, ...]:
    if not text:
        return own_keys_of(settings).signers
    try:
        return (parse_signing_public(text),)
    except Corrupt as error:
        raise ConfigError(f"--signing-key: {error}") from error


def _opener(path: Path) -> Opener:
    try:
        return read_opener(from_base64(read_secret(path), str(path)))
    except (Corrupt, ValueError) as error:
        raise ConfigError(f"{path} is not a private key of backups") from error


def _shown(one: Found) -> dict[str, object]:
    made = one.manifest
    return {
        "backup": one.backup_id,
        "made_at": format_utc(one.made_utc),
        "bytes": one.size_bytes,
        "good": made is not None,
        **({"why": one.why} if made is None else {"release": made.release, "revision": made.revision}),
    }
