"""Copies a running database, as pieces of a stream: SQLite by its online backup, PostgreSQL by pg_dump.

A copy has neither the persons' wrapped keys nor what the master key alone opens of them: kept answers, the
reasons of legal holds, and the names in notices to an institution's systems. Without the keyring, which is
apart, nothing of them that is sealed in it can be opened.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from shared.errors import ConfigError, Corrupt, Unavailable
from shared.sqlite_file import make_private

PIECE_BYTES: Final = 1_048_576
DATABASE: Final = "database"
APART: Final = {
    "keys": ("wrapped", "NULL"),
    "legal_holds": ("reason_sealed", "''"),
    "deliveries": ("told_sealed", "NULL"),
}
"""Tables whose rows a copy has without one column, and what stands in its place: it is with the keyring."""
_DRAFT: Final = ".backup-"
_PACKAGE: Final = "install Debian's package postgresql-client, of the server's version or a later one"


@contextmanager
def copied_sqlite(file: Path, folder: Path) -> Iterator[dict[str, Iterable[bytes]]]:
    """A copy of an SQLite file as streams by name; the folder holds it meanwhile.

    Writers do not wait: the copy is of one moment. Raises `Unavailable` if there is no room for it.
    """
    draft = new_draft(folder)
    try:
        try:
            _copy(file, draft)
        except sqlite3.Error as error:
            raise Unavailable(f"the database cannot be copied to {folder}: {error}") from error
        yield {DATABASE: pieces_of(draft)}
    finally:
        _drop(draft)


def _copy(file: Path, draft: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30.0)) as living,
        closing(sqlite3.connect(draft, isolation_level=None)) as copy,
    ):
        living.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("PRAGMA secure_delete = ON")
        for table, (column, instead) in APART.items():
            here = f"{column} IS NOT NULL"
            copy.execute(f"UPDATE {table} SET {column} = CAST({instead} AS BLOB) WHERE {here}")
        copy.execute("DELETE FROM kept_answers")
        copy.execute("VACUUM")  # what was deleted lies in no free page


def new_draft(folder: Path) -> Path:
    """A new private file for what is copied."""
    draft = folder / f"{_DRAFT}{secrets.token_hex(8)}"
    try:
        make_private(draft)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}") from error
    return draft


def drop_drafts(folder: Path) -> None:
    """Remove the leftovers of interrupted copies. Call it only while no copy is being made there."""
    for draft in folder.glob(f"{_DRAFT}*"):
        draft.unlink(missing_ok=True)


def _drop(draft: Path) -> None:
    for part in draft.parent.glob(f"{draft.name}*"):
        part.unlink(missing_ok=True)


def pieces_of(file: Path) -> Iterator[bytes]:
    """A file, piece by piece."""
    with file.open("rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece


@contextmanager
def copied_postgresql(url: str) -> Iterator[dict[str, Iterable[bytes]]]:
    """A copy of a PostgreSQL database of one moment, as streams by name; `url` is libpq's.

    The rows of tables that are not whole are streams of their own. Raises `ConfigError` if pg_dump is
    missing, `Unavailable` if it or the server fails; the streams do too.
    """
    program = postgresql_program("pg_dump")
    try:
        with psycopg.connect(url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert found is not None
            command = [
                program,
                "--format=custom",
                f"--snapshot={found[0]}",
                f"--dbname={url}",
                "--no-password",
            ]
            left_out = (*APART, "kept_answers")
            command += ["--no-owner", "--no-privileges", *(f"--exclude-table-data={one}" for one in left_out)]
            # In this order: the dump holds the snapshot's end no longer than the keys do.
            rows = {table: _rows_of(connection, table) for table in APART}
            yield {**rows, DATABASE: output_of(command)}
    except psycopg.Error as error:
        raise Unavailable(f"the database cannot be copied: {type(error).__name__}") from error


def _rows_of(connection: psycopg.Connection[Any], table: str) -> Iterator[bytes]:
    apart, instead = APART[table]
    wanted = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name = %s ORDER BY ordinal_position"
    )
    columns = [name for (name,) in connection.execute(wanted, (table,))]
    yield json.dumps(columns).encode() + b"\n"
    shown = sql.SQL(", ").join(
        sql.SQL(f"{instead}::bytea") if one == apart else sql.Identifier(one) for one in columns
    )
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(shown, sql.Identifier(table))
    with connection.cursor().copy(query) as rows:
        for row in rows:
            yield bytes(row)


def output_of(command: Sequence[str]) -> Iterator[bytes]:
    """A program's output, piece by piece. Raises `Unavailable` if it fails; closing the stream ends it."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None
        try:
            while piece := process.stdout.read(PIECE_BYTES):
                yield piece
        finally:
            process.stdout.close()
            status = process.wait()
        if status:
            said.seek(0)
            raise Unavailable(f"{Path(command[0]).name} failed: {_last_line(said.read())}")


def run_program(command: Sequence[str]) -> None:
    """Run a program to its end. Raises `Corrupt` with its last error output if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise Corrupt(f"{Path(command[0]).name} failed: {_last_line(done.stderr)}")


def _last_line(said: bytes) -> str:
    return (said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]


def postgresql_program(name: str) -> str:
    """A program of PostgreSQL, the newest one of this machine. Raises `ConfigError` if it is missing."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, versions), os.environ.get("PATH", "")]))
    if found is None:
        raise ConfigError(f"the program {name} is missing; {_PACKAGE}")
    return found


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def libpq_url(url: str) -> str:
    """A database's URL as PostgreSQL's own programs read it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
