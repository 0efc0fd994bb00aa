"""Opens backups with the private key, and puts their contents into an empty database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from coordinator.backups.copying import APART, postgresql_program, run_program
from coordinator.backups.generation import Item, items_of
from coordinator.backups.lists import Found
from coordinator.backups.manifest import Manifest
from coordinator.backups.target import Target
from shared.canonical import parse_json
from shared.errors import ConfigError, Corrupt, Unavailable
from shared.sealed_stream import opened
from shared.sealing import SealingPrivate

_COLUMNS_BYTES: Final = 65_536
_TABLES: Final = (
    "SELECT count(*) FROM pg_class "
    "WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
)


def chosen(found: Sequence[Found], backup_id: str) -> Manifest:
    """The backup of this id, or the newest good one. Raises `ConfigError` if it is not there or not good."""
    for one in found:
        if backup_id in ("", one.backup_id):
            if one.manifest is not None:
                return one.manifest
            if backup_id:
                raise ConfigError(f"the backup {backup_id} cannot be used: {one.why}; choose another one")
    raise ConfigError("there is no such good backup; `backup list` shows what there is")


def whole(target: Target, manifest: Manifest, name: str) -> Iterator[bytes]:
    """A sealed file of a backup, still sealed. Raises `Corrupt` at its end if it was changed."""
    [file] = [one for one in manifest.files if one.name == name]
    hashed = hashlib.sha256()
    for piece in target.read(f"{manifest.backup_id}/{name}"):
        hashed.update(piece)
        yield piece
    if hashed.hexdigest() != file.sha256:
        raise Corrupt(f"{name} of the backup {manifest.backup_id} was changed; choose another backup")


def unsealed(target: Target, manifest: Manifest, name: str, key: SealingPrivate) -> Iterator[bytes]:
    """The opened content of a backup's file. Use it only after its end: before, it may be incomplete."""
    try:
        yield from opened(whole(target, manifest, name), key, manifest.about(name))
    except Corrupt as error:
        raise Corrupt(f"{name} of the backup {manifest.backup_id}: {error}") from error


def keyring_items(target: Target, manifest: Manifest, key: SealingPrivate) -> Iterator[Item]:
    """The items of a backup of the keyring. Use them only after the end."""
    for file in manifest.files:
        yield from items_of(unsealed(target, manifest, file.name, key))


def check(target: Target, manifest: Manifest, key: SealingPrivate | None) -> None:
    """Read a backup to its end, and open it if there is a key. Raises `Corrupt`."""
    for file in manifest.files:
        pieces = (
            whole(target, manifest, file.name) if key is None else unsealed(target, manifest, file.name, key)
        )
        for _ in pieces:
            pass


def write_down(pieces: Iterable[bytes], file: Path) -> None:
    """Write pieces to a file. Raises `Unavailable` if the disk is full."""
    try:
        with file.open("wb") as out:
            for piece in pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}") from error


def require_no_tables(url: str) -> None:
    """Raises `ConfigError` if a PostgreSQL database has tables, `Unavailable` if it does not answer."""
    try:
        with closing(psycopg.connect(url)) as connection:
            found = connection.execute(_TABLES).fetchone()
    except psycopg.Error as error:
        raise Unavailable(f"the database does not answer: {type(error).__name__}") from error
    if found != (0,):
        raise ConfigError("the database is not empty; a backup is restored only into an empty one")


def load_postgresql(url: str, dump: Path, rows: Mapping[str, Path]) -> None:
    """Fill an empty database from a dump and the rows of tables that it leaves out; a dump of before has all
    of those that are not among them. Raises `Corrupt`, `ConfigError`."""
    program = postgresql_program("pg_restore")
    command = [
        program,
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        f"--dbname={url}",
        "--no-password",
    ]
    run_program([*command, "--section=pre-data", "--section=data", str(dump)])
    try:
        with psycopg.connect(url) as connection:
            for table in APART.keys() & rows.keys():
                _load_rows(connection, table, rows[table])
    except psycopg.Error as error:
        raise Corrupt(f"rows of the backup were refused: {type(error).__name__}") from error
    run_program([*command, "--section=post-data", str(dump)])


def _load_rows(connection: psycopg.Connection, table: str, file: Path) -> None:
    with file.open("rb") as rows:
        columns = parse_json(rows.readline(_COLUMNS_BYTES))
        if not isinstance(columns, list):
            raise Corrupt(f"the rows of {table} do not begin with their columns")
        named = sql.SQL(", ").join(sql.Identifier(str(one)) for one in columns)
        query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), named)
        with connection.cursor().copy(query) as into:
            while piece := rows.read(_COLUMNS_BYTES):
                into.write(piece)
