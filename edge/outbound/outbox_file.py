"""Opens the outbox's file: private, locked, and never overwritten while it can still be read.

A damaged file is set aside beside the new one, with a log line; the node's health reports it as long as it is
there.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from shared.errors import ConfigError, Corrupt, Unavailable
from shared.sqlite_file import make_private, tables_in

log = logging.getLogger(__name__)

LOG_PAGES: Final = 128
"""Pages of 4 KiB in the log before a checkpoint: few, so that the reserve of a full disk is enough for
them."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS outbox (outbox_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lane (
    name TEXT PRIMARY KEY,
    last_sequence INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS alert (
    row INTEGER PRIMARY KEY,
    lane TEXT NOT NULL REFERENCES lane (name),
    sequence INTEGER NOT NULL,
    alert_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    message BLOB NOT NULL,
    evidence BLOB,
    UNIQUE (lane, sequence)
);
CREATE INDEX IF NOT EXISTS alert_with_pictures ON alert (row) WHERE evidence IS NOT NULL;
"""
_OF_BEFORE: Final = """
BEGIN IMMEDIATE;
DROP INDEX IF EXISTS alert_with_thumbnail;
ALTER TABLE alert DROP COLUMN lean;
ALTER TABLE alert ADD COLUMN evidence BLOB;
COMMIT;
"""
"""For a file from the time when an alert contained its picture and a second message was stored without it."""


def opened(path: Path) -> sqlite3.Connection:
    """The file, locked for this process; created if missing, set aside and replaced if damaged.

    Raises `ConfigError` if the folder cannot be written, another process has the file open, or it belongs to
    another program.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_anothers(path)
        make_private(path)
        try:
            return _connected(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _set_aside(path)
            make_private(path)
            return _connected(path)
    except (OSError, Unavailable, sqlite3.Error) as error:
        raise ConfigError(
            f"the outbox {path} cannot be opened (or another daemon has it): {error}"
        ) from error


@contextmanager
def translated() -> Iterator[None]:
    """Turns SQLite's errors into `Unavailable`."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"the outbox cannot be read or written: {error}") from error


def _refuse_anothers(path: Path) -> None:
    with suppress(FileNotFoundError, Corrupt):  # damage is found after the file is locked
        tables = tables_in(path)
        if tables and "outbox" not in tables:
            raise ConfigError(f"{path} is another program's database; nothing was written to it")


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        if ("lean",) in db.execute("SELECT name FROM pragma_table_info('alert')").fetchall():
            db.executescript(_OF_BEFORE)
        db.executescript(_TABLES)
    except BaseException:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> None:
    stamp = time.time_ns()
    log.error(
        "the outbox is damaged; it is set aside and a new one is started", extra={"code": "outbox-damaged"}
    )
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(part.with_name(f"{part.name}.damaged-{stamp}"))
