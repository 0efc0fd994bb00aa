"""The database: SQLite or PostgreSQL, one transaction per `with` block.

    with database.write() as db: ...    committed at the end, rolled back on an exception
    with database.read() as db: ...     sees one state, changes nothing

On SQLite a writing transaction takes the write lock with its first statement (BEGIN IMMEDIATE): a deferred
one that reads first and writes later fails at once with "database is locked", whatever the busy timeout.
In a running coordinator threads take turns to write to it (`ground.turns`).
`synchronous` is FULL, because an edge's outbox deletes alerts after a committed mark: commits must survive a
power cut. Services flush, never commit.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError as PoolTimeoutError
from sqlmodel import Session

from coordinator.ground.columns import Row
from shared.errors import Unavailable

log = logging.getLogger(__name__)

POOL_SIZE: Final = 20
POOL_OVERFLOW: Final = 30
"""Together more than the 40 threads that serve requests: a smaller pool can deadlock with them."""
WAIT_S: Final = 5
"""The timeout for a free connection, a lock, and the connection to PostgreSQL."""
REMEMBERED_S: Final = 60.0
_FULL: Final = ("disk is full", "No space left on device")
"""The messages of SQLite and PostgreSQL for a full disk."""
POSTGRES_BOUNDS: Final = {
    "connect_timeout": WAIT_S,
    "options": f"-c lock_timeout={WAIT_S}s -c statement_timeout=30s",
}
"""Timeouts so that no request waits for ever; a migration removes the second one for itself."""


class Database:
    """A pool of connections for many threads, each with its own `with` block."""

    def __init__(self, url: str, turn: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """`turn`: entered for each writing block, where the database is a file."""
        self.engine: Engine = create_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=WAIT_S,
            pool_pre_ping=not url.startswith("sqlite"),
            connect_args={} if url.startswith("sqlite") else POSTGRES_BOUNDS,
        )
        self.dialect: str = self.engine.dialect.name
        self.file = Path(self.engine.url.database or "") if self.dialect == "sqlite" else None
        """SQLite's file."""
        self._write_failed: tuple[float, str] | None = None
        self._turn = turn if self.dialect == "sqlite" else nullcontext
        self._owes_scrub = True  # the previous run may have stopped between a destruction and its scrub
        self._reading: Engine = self.engine.execution_options(**_read_options(self.dialect))
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _on_sqlite_connect)
            event.listen(self.engine, "begin", _on_sqlite_begin)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed together. Raises `Unavailable` if the database cannot be
        reached."""
        try:
            with (
                self._turn(),
                _translated(),
                Session(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except Unavailable as error:
            self._write_failed = (time.monotonic(), str(error))
            raise
        self._write_failed = None

    def write_trouble(self, now: float) -> str:
        """Why the last writing transaction within `REMEMBERED_S` failed; empty if it succeeded.

        Reads still succeed on a full disk.
        """
        failed_at, why = self._write_failed or (now, "")
        return why if now - failed_at <= REMEMBERED_S else ""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing. Raises `Unavailable` if the database cannot be reached."""
        with _translated(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    def scrub(self) -> bool:
        """Remove overwritten data from SQLite's write-ahead log; False if that has to be done later.

        With `secure_delete` the database file itself then has zeros. PostgreSQL keeps old rows until its
        vacuum, and its log as long as it is archived. This waits a while for readers; if they or the disk
        prevent it, `scrub_owed` does it later.
        """
        if self.dialect != "sqlite":
            return True
        self._owes_scrub = True
        try:
            with _translated(), self.engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                [(busy, *_)] = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except (Unavailable, sqlite3.Error) as error:
            log.warning("a destroyed key is not scrubbed yet", extra={"error": type(error).__name__})
            return False
        self._owes_scrub = bool(busy)
        return not busy

    def scrub_owed(self) -> None:
        """Scrub if the last scrub was not completed, or if there was none since the start."""
        if self._owes_scrub:
            self.scrub()

    def close(self) -> None:
        """Close every connection of the pool; those in use are closed after their use."""
        event.listen(self.engine, "checkin", _on_return_after_close)
        self.engine.dispose()


def insert_once(db: Session, row: Row) -> bool:
    """Insert a row unless its id or another unique value exists; True if it was inserted.

    For rows that two requests may create at the same time; read the row back afterwards.
    """
    table = type(row).__table__  # type: ignore[attr-defined]
    return bool(
        insert_new(db, type(row), [{column.name: getattr(row, column.name) for column in table.columns}])
    )


def insert_new(db: Session, kind: type[Row], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Insert rows of one table unless their id or another unique value exists.

    Each row has a value for every column. Returns the primary keys of the inserted rows, in any order. One
    statement inserts hundreds of rows; rows are mappings, because creating objects costs more than inserting.
    """
    if not rows:
        return []
    table = kind.__table__  # type: ignore[attr-defined]
    insert = sqlite.insert(table) if db.get_bind().dialect.name == "sqlite" else postgresql.insert(table)
    statement = insert.on_conflict_do_nothing().returning(*table.primary_key.columns)
    return list(db.connection().execute(statement, rows))


def _read_options(dialect: str) -> dict[str, Any]:
    return {"postgresql_readonly": True} if dialect == "postgresql" else {"sqlite_begin": "BEGIN"}


def _on_sqlite_connect(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver starts no transaction by itself; `_on_sqlite_begin` does
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # a destroyed key must not remain in a free page
        f"busy_timeout = {WAIT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_return_after_close(connection: Any, record: Any) -> None:
    # The pool has let go of it and would keep it open until it is collected as garbage.
    record.invalidate()


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        if any(words in str(error) for words in _FULL):
            raise Unavailable("the database's disk is full; free some space", code="disk-full") from error
        raise Unavailable("the database does not answer; try again") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the connection to the database was lost; try again") from error
        raise
