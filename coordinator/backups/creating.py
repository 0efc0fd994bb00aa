"""Makes backups: of the database followed by the keyring, or of the keyring alone.

The manifest comes last: what is interrupted before it is no backup.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from threading import Event
from typing import Final
from uuid import UUID

from coordinator.audit import service as audit
from coordinator.backups import service as backups, since_service as since
from coordinator.backups.copying import copied_postgresql, copied_sqlite, drop_drafts, libpq_url
from coordinator.backups.generation import MASTER_KEY, Erased, HeldKey, HubFile, Item, OwnFile, line_of
from coordinator.backups.lists import found_at, new_id, target_of
from coordinator.backups.manifest import NAME, Kind, Manifest, SealedFile, about
from coordinator.backups.planning import going
from coordinator.backups.target import Target
from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.leadership import Held, alone
from coordinator.ground.master_keys import is_given
from coordinator.ground.own_keys import OwnKeys, own_key_files
from coordinator.privacy import journal_service as journal
from coordinator.storing_sections import BackupSection
from shared.errors import ConfigError, Unavailable
from shared.sealed_stream import sealed
from shared.sealing import parse_sealing_public
from shared.secret_file import read_private

log = logging.getLogger(__name__)

KEYRING_WAIT_S: Final = 60.0
"""How long an erasure waits for another writer of the keyring."""
_KEYS_AT_ONCE: Final = 5_000
_LINES: Final = "keyring"


@dataclass(frozen=True, slots=True)
class Maker:
    """One installation whose backups are made."""

    config: CoordinatorConfig
    settings: BackupSection
    database: Database = field(repr=False)
    keys: OwnKeys
    stopping: Event = field(default_factory=Event)
    """Set: what is being made is given up, because this coordinator ends or no longer leads."""


def maker_of(config: CoordinatorConfig, database: Database, keys: OwnKeys) -> Maker:
    """What makes the backups of this configuration. Raises `ConfigError` if none are configured."""
    if config.backup is None:
        raise ConfigError("no backups are configured: the settings need [backup] with target and recipient")
    return Maker(config, config.backup, database, keys)


def create(maker: Maker, now_utc: datetime) -> Manifest:
    """Make a backup of the database, and after it the keyring's. Raises `Unavailable`, `ConfigError`."""
    with alone(maker.database, Held.BACKUP, within_s=0.0):
        drop_drafts(maker.config.data_folder)
        target = target_of(maker.settings, Kind.DATABASE)
        with maker.database.read() as db:
            revision = backups.revision(db)
        making = _Making(maker, target, Kind.DATABASE, now_utc, revision)
        with _copied(maker) as streams:
            for name, pieces in streams.items():
                making.add(name, pieces)
        write_keyring(maker, now_utc)
        return making.finished()


def write_keyring(maker: Maker, now_utc: datetime) -> Manifest:
    """Write the present keyring and remove all earlier copies. Raises `Unavailable`, `ConfigError`."""
    with alone(maker.database, Held.KEYRING, within_s=KEYRING_WAIT_S):
        target = target_of(maker.settings, Kind.KEYRING)
        former = sorted(target.sizes(), key=lambda name: not name.endswith(NAME))
        with maker.database.read() as db:
            revision, destroyed = backups.revision(db), backups.destroyed(db)
        rest = rest_of(maker, now_utc)
        making = _Making(maker, target, Kind.KEYRING, now_utc, revision)
        making.add(_LINES, map(line_of, _items(maker, now_utc)))
        done = making.finished(destroyed, rest)
        for name in former:
            target.remove(name)
        return done


def prune(maker: Maker, now_utc: datetime) -> tuple[str, ...]:
    """Delete the backups of the database that are past their time; returns their ids."""
    target = target_of(maker.settings, Kind.DATABASE)
    found = found_at(target, Kind.DATABASE, maker.keys.signers)
    keep = timedelta(days=maker.settings.keep_days)
    gone = going([one.known for one in found], keep, now_utc)
    for name in sorted(target.sizes(), key=lambda name: not name.endswith(NAME)):
        if name.partition("/")[0] in gone:
            target.remove(name)
    return gone


class _Making:
    """A backup that is being written."""

    def __init__(self, maker: Maker, target: Target, kind: Kind, now_utc: datetime, revision: str) -> None:
        self._maker, self._target = maker, target
        self._kind, self._made_utc, self._revision = kind, now_utc, revision
        self._id = new_id(now_utc, secrets.token_hex(4))
        self._master_ids = maker.keys.keyring.master_ids
        self._files: list[SealedFile] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        recipient = parse_sealing_public(self._maker.settings.recipient)
        stream = sealed(pieces, recipient, about(self._kind, self._id, name))
        measured = _Measured(stream, self._maker.stopping)
        self._target.write(f"{self._id}/{name}", measured)
        self._files.append(
            SealedFile(name=name, size_bytes=measured.size_bytes, sha256=measured.hash.hexdigest())
        )

    def finished(self, destroyed_keys: int = 0, rest: str = "") -> Manifest:
        """Write the manifest, which completes the backup."""
        made = Manifest(
            kind=self._kind,
            backup_id=self._id,
            made_utc=audit.whole_ms(self._made_utc),
            release=version("proctor"),
            revision=self._revision,
            dialect="sqlite" if self._maker.database.file is not None else "postgresql",
            recipient=self._maker.settings.recipient,
            master_ids=self._master_ids,
            destroyed_keys=destroyed_keys,
            rest=rest,
            files=tuple(self._files),
        )
        signing = self._maker.keys.signing_keys
        self._target.write(f"{self._id}/{NAME}", [made.text(signing, signing.current.successions)])
        return made


class _Measured:
    """Passes pieces on, and measures their length and hash."""

    def __init__(self, pieces: Iterable[bytes], stopping: Event) -> None:
        self._pieces, self._stopping = pieces, stopping
        self.size_bytes = 0
        self.hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if self._stopping.is_set():
                raise Unavailable("this coordinator ends, or no longer leads; the next one makes the backup")
            self.size_bytes += len(piece)
            self.hash.update(piece)
            yield piece


def _copied(maker: Maker) -> AbstractContextManager[dict[str, Iterable[bytes]]]:
    if maker.database.file is not None:
        return copied_sqlite(maker.database.file, maker.config.data_folder)
    return copied_postgresql(libpq_url(maker.config.database))


def rest_of(maker: Maker, now_utc: datetime) -> str:
    """A hash that changes with the own key files, the legal holds, the names in notices, and what is
    withdrawn, corrected or revoked; the master key is told apart."""
    with maker.database.read() as db:
        items: list[Item] = [*_own_files(maker), *_hub_files(maker), *backups.holds(db), *backups.notices(db)]
        marks = since.marks(db, since.since(now_utc, maker.settings.keep_days))
    return hashlib.sha256(b"".join(map(line_of, items)) + marks.encode()).hexdigest()


def _own_files(maker: Maker) -> list[OwnFile]:
    try:
        return [OwnFile(path.name, path.read_bytes()) for path in own_key_files(maker.config.data_folder)]
    except OSError as error:
        raise Unavailable(f"the coordinator's keys cannot be read: {error.strerror}") from error


def _hub_files(maker: Maker) -> list[HubFile]:
    found = []
    for path in maker.settings.hub_files:
        try:
            found.append(HubFile(path.name, path.read_bytes()))
        except OSError as error:
            # An erasure waits for the keyring, and must not wait for this.
            extra = {"file": str(path), "error": error.strerror or str(error)}
            log.warning("a file of the hub's configuration is not in the backup", extra=extra)
    return found


def _items(maker: Maker, now_utc: datetime) -> Iterator[Item]:
    master = _master_file(maker)
    if master is not None:
        yield OwnFile(MASTER_KEY, master)
    yield from _own_files(maker)
    yield from _hub_files(maker)
    with maker.database.read() as db:
        entries = journal.entries(db, 0)
        held: list[Item] = [*backups.holds(db), *backups.notices(db)]
        taken = list(since.rows(db, since.since(now_utc, maker.settings.keep_days)))
    yield from (Erased(one.line()) for one in entries)
    yield from held
    yield from taken
    after: UUID | None = None
    while True:
        with maker.database.read() as db:
            keys = backups.wrapped_after(db, after, _KEYS_AT_ONCE)
        yield from (HeldKey(key_id, wrapped) for key_id, wrapped in keys)
        if len(keys) < _KEYS_AT_ONCE:
            break
        after = keys[-1][0]
    if _master_file(maker) != master:
        raise Unavailable("the master key was changed meanwhile; try again")


def _master_file(maker: Maker) -> bytes | None:
    """The master keys' file as it is now; None if they come from elsewhere."""
    if is_given(maker.config.keys.master_key_command):
        return None
    return read_private(maker.config.master_key_path)
