"""Restores an installation from its backups, into an empty place, as far as it may be served.

Nothing is written to the database before the whole backup is known to be unchanged. Then the tables are
brought up to this release, the keyring as it is now is put in, who was erased since is erased again, what was
withdrawn, corrected or revoked since is so again, and what is due is erased. Until all of that is done, a
file beside the keys lets nobody serve.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session

from coordinator import schema
from coordinator.audit import service as audit
from coordinator.backups import opening, service as backups, since_service as since
from coordinator.backups.copying import APART, DATABASE, drop_drafts, libpq_url, new_draft
from coordinator.backups.generation import MASTER_KEY, HeldKey, HubFile, OwnFile
from coordinator.backups.keyring_backup import KeyringBackup, read_keyring
from coordinator.backups.lists import found_at, target_of
from coordinator.backups.manifest import Kind, Manifest
from coordinator.backups.releases import not_newer
from coordinator.backups.target import settle
from coordinator.backups.unfinished import MARK, require_restored
from coordinator.building import build
from coordinator.config import CoordinatorConfig, IceSection, NatsSection
from coordinator.destinations import service as destinations
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.key_files import write_once
from coordinator.ground.master_keys import LocalMaster, given_text, is_given, masters_in, masters_of
from coordinator.ground.own_keys import own_key_files
from coordinator.privacy import erasing_service as erasing, steps as erasures
from coordinator.retention import running as retention
from coordinator.storing_sections import BackupSection
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.web_api.metrics import Metrics
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Unavailable
from shared.sealing import SealingPrivate, signing_public_text
from shared.traces.section import TracesSection
from shared.writing import writing_under

HUB_FOLDER: Final = "hub-files"
"""Of the data folder: where the hub's configuration is put, for the hub's machine."""
_KEYS_AT_ONCE: Final = 1_000
_LEASE_TRIES: Final = 40
_LEASE_PAUSE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWish:
    """What to restore."""

    config: CoordinatorConfig
    settings: BackupSection
    backup_id: str
    """Empty: the newest good one."""
    opener: SealingPrivate = field(repr=False)
    signer: Ed25519PublicKey
    """Of the coordinator that made the backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    manifest: Manifest
    keyring_utc: datetime
    erased_again: int
    taken_back: int
    """Rows of what was withdrawn, corrected or revoked since the backup."""


def restore(wish: RestoreWish, now_utc: datetime) -> Restored:
    """Restore a backup. Raises `ConfigError`, `Corrupt`, `Unavailable`; each says what to do."""
    keyring = read_keyring(wish.settings, wish.opener, wish.signer)
    target = target_of(wish.settings, Kind.DATABASE)
    manifest = opening.chosen(found_at(target, Kind.DATABASE, keyring.signers), wish.backup_id)
    _require_ours(manifest, wish.config)
    _require_empty(wish.config, keyring)
    _require_wrapping_key(wish.config, keyring, manifest)
    data = wish.config.data_folder
    with writing_under(data):
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _drafts(data if wish.config.sqlite_file is None else wish.config.sqlite_file.parent) as drafts:
        for file in manifest.files:
            opening.write_down(opening.unsealed(target, manifest, file.name, wish.opener), drafts[file.name])
        # From here on the place is no longer empty.
        with writing_under(data):
            (data / MARK).touch(mode=0o600)
        named = {file.name: drafts[file.name] for file in manifest.files}
        erased, taken_back = _filled(wish, keyring, named, now_utc)
        if wish.config.sqlite_file is not None:
            drafts[DATABASE].rename(wish.config.sqlite_file)
            settle(wish.config.sqlite_file.parent)
    (data / MARK).unlink()
    return Restored(manifest, keyring.manifest.made_utc, erased, taken_back)


def _filled(
    wish: RestoreWish, keyring: KeyringBackup, drafts: dict[str, Path], now_utc: datetime
) -> tuple[int, int]:
    config = wish.config
    if config.sqlite_file is None:
        opening.load_postgresql(libpq_url(config.database), drafts[DATABASE], drafts)
    else:
        config = config.model_copy(update={"database_url": f"sqlite:///{drafts[DATABASE]}"})
    _write_own_files(config, keyring)
    database = Database(config.database)
    try:
        schema.upgrade(database)
        _put_keys_back(wish, keyring, database, now_utc)
    finally:
        database.close()
    return asyncio.run(_brought_up_to_now(config, keyring))


async def _brought_up_to_now(config: CoordinatorConfig, keyring: KeyringBackup) -> tuple[int, int]:
    # Only keys and database are used: what else the settings name need not be there yet.
    alone = {"nats": NatsSection(), "ice": IceSection(), "issuers": (), "traces": TracesSection()}
    parts = build(config.model_copy(update=alone), Metrics())
    try:
        if parts.keys.signing_text not in map(signing_public_text, keyring.signers):
            raise ConfigError("the restored signing key is not the one that signed the backup")
        again = await parts.writing(lambda db: _said_again(db, parts, keyring))
        await asyncio.to_thread(erasures.write_journal, parts)
        await _erase_due(parts)
        await asyncio.to_thread(parts.database.scrub)
        return again
    finally:
        parts.database.close()


def _said_again(db: Session, parts: Parts, keyring: KeyringBackup) -> tuple[int, int]:
    """Replay what was erased, and then what was withdrawn, corrected or revoked; returns both numbers."""
    now_utc = datetime.now(UTC)
    count = erasing.replay(db, parts.keys.keyring, keyring.journal, now_utc)
    taken_back = since.put_back(db, keyring.rows, now_utc)
    destinations.skip_places(db)
    audit.write_own(db, INSTALLATION_ID, "restore_backup", count, now_utc)
    return count, taken_back


async def _erase_due(parts: Parts) -> None:
    """Erase what is due. The restored lease may still name a coordinator; it ends after two minutes."""
    for _ in range(_LEASE_TRIES):
        done = await retention.erase_due(parts, retention.Asked(uuid7(), datetime.now(UTC)))
        if done is None:
            await asyncio.sleep(_LEASE_PAUSE_S)
        elif not done.more:
            return
    raise Unavailable("what is due could not be erased; empty the folder and the database, and restore again")


def _put_keys_back(wish: RestoreWish, keyring: KeyringBackup, database: Database, now_utc: datetime) -> None:
    target = target_of(wish.settings, Kind.KEYRING)
    items = opening.keyring_items(target, keyring.manifest, wish.opener)
    held = (one for one in items if isinstance(one, HeldKey))
    while some := {one.key_id: one.wrapped for one in islice(held, _KEYS_AT_ONCE)}:
        with database.write() as db:
            backups.put_back(db, some)
    with database.write() as db:
        backups.destroy_unknown(db, now_utc)
        backups.put_holds_back(db, keyring.holds)
        backups.put_notices_back(db, keyring.notices)


def _require_ours(manifest: Manifest, config: CoordinatorConfig) -> None:
    dialect = "postgresql" if config.sqlite_file is None else "sqlite"
    if manifest.dialect != dialect:
        raise ConfigError(
            f"the backup is of {manifest.dialect}, and database_url names {dialect}; name one of the same"
        )
    if not not_newer(manifest.release, version("proctor")) or not schema.knows(manifest.revision):
        raise ConfigError(
            f"release {manifest.release} made the backup, which is newer than this one; "
            "install that release, or a later one, and restore with it"
        )


def _require_empty(config: CoordinatorConfig, keyring: KeyringBackup) -> None:
    data = config.data_folder
    require_restored(data)
    if own_key_files(data):
        raise ConfigError(f"{data} has keys of a coordinator; a backup is restored only into an empty folder")
    if config.sqlite_file is None:
        opening.require_no_tables(libpq_url(config.database))
    elif config.sqlite_file.exists():
        raise ConfigError(f"there is a database at {config.sqlite_file}; a backup never replaces one")
    _require_master_key(config, keyring)


def _require_master_key(config: CoordinatorConfig, keyring: KeyringBackup) -> None:
    path, saved = config.master_key_path, [one for one in keyring.files if one.name == MASTER_KEY]
    there = masters_in(path) if path.exists() else []
    if saved and there and not set(_masters_saved(saved[0])) <= set(there):
        raise ConfigError(f"{path} lacks the master key of the backup: move it elsewhere, or add that key")
    if not saved and not there and not is_given(config.keys.master_key_command):
        raise ConfigError(
            f"the master key is not in the backup, because it came from elsewhere: let it come from "
            f"there again, or write it to {path}"
        )


def _require_wrapping_key(config: CoordinatorConfig, keyring: KeyringBackup, manifest: Manifest) -> None:
    path, saved = config.master_key_path, [one for one in keyring.files if one.name == MASTER_KEY]
    if (given := given_text(config.keys.master_key_command)) is not None:
        held = masters_of(given, "the master key that is given")
    else:
        held = masters_in(path) if path.exists() else _masters_saved(saved[0])
    wrapped_by = manifest.master_ids[0] if manifest.master_ids else None
    if wrapped_by is not None and wrapped_by not in {one.key_id.hex() for one in held}:
        raise ConfigError(
            f"the backup was made under the master key {wrapped_by}, which was replaced since: give both, "
            f"the present one first, in {path} or where the master key comes from; or choose a later backup"
        )


def _masters_saved(file: OwnFile) -> list[LocalMaster]:
    return masters_of(file.data.decode("ascii", "replace"), "the master key's file of the backup")


def _write_own_files(config: CoordinatorConfig, keyring: KeyringBackup) -> None:
    files: tuple[OwnFile | HubFile, ...] = (*keyring.files, *keyring.hub_files)
    for file in files:
        path = config.data_folder / file.name
        if isinstance(file, HubFile):
            path = config.data_folder / HUB_FOLDER / file.name
        elif file.name == MASTER_KEY:
            path = config.master_key_path
        with writing_under(path.parent):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(path, file.data)


@contextmanager
def _drafts(folder: Path) -> Iterator[dict[str, Path]]:
    try:
        yield {name: new_draft(folder) for name in (DATABASE, *APART)}
    finally:
        drop_drafts(folder)
