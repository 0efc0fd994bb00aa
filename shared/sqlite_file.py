"""Prepares a SQLite file before its use: makes it private, and inspects it without changing it.

SQLite itself creates files as open as the umask allows and gives its `-wal` and `-shm` the mode of the file;
and a normal connection often writes to a file before anything can be checked.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from shared.errors import Corrupt, Unavailable

CHECK_S: Final = 5.0
"""Pages not checked in this time are assumed good: a start must not wait for gigabytes."""
_BESIDE: Final = ("", "-wal", "-shm")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_STEPS: Final = 10_000
"""SQLite's instructions between two checks of the clock."""


def make_private(path: Path) -> None:
    """Create the file if missing, and set mode 0600 on it and its side files. Raises `OSError`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for suffix in _BESIDE:
        part = path.with_name(path.name + suffix)
        if part.exists() and part.stat().st_mode & _OTHERS:
            part.chmod(0o600)


def tables_in(path: Path) -> frozenset[str]:
    """The names of a file's tables. Writes nothing, not even side files. An empty file has no tables.

    Raises `FileNotFoundError`, `Corrupt` for visible damage or when it is not a SQLite file, `Unavailable`
    when it cannot be read now.
    """
    with _looking(path) as db:
        return frozenset(
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        )


def require_whole(path: Path) -> None:
    """Check every page, within `CHECK_S`. Writes nothing. Raises as `tables_in` does."""
    with _looking(path) as db:
        _check(db)


@contextmanager
def _looking(path: Path) -> Iterator[sqlite3.Connection]:
    log = path.with_name(path.name + "-wal")
    path.stat()  # raises FileNotFoundError for a missing file
    # `immutable` writes nothing. A log beside the file means that a program writes to it, or died writing.
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=1.0)) as db:
            yield db
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Corrupt(f"{path} is damaged or not a SQLite database: {error}") from error


def _check(db: sqlite3.Connection) -> None:
    until = time.monotonic() + CHECK_S
    db.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
    try:
        rows = db.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return
        raise
    finally:
        db.set_progress_handler(None, 0)
    if rows != [("ok",)]:
        raise sqlite3.DatabaseError("its pages contradict one another")
