"""The database: SQLite or PostgreSQL, one transaction per `with` block.

    with database.write() as db: ...    committed at the end, rolled back when anything was raised
    with database.read() as db: ...     sees one state, changes nothing

On SQLite a writing transaction takes the write lock with its first statement (BEGIN IMMEDIATE): a deferred
one that reads first and writes later fails at once with "database is locked", whatever the busy timeout.
`synchronous` is FULL, because a committed mark lets an edge's outbox forget: what was committed must survive
a power cut. Services flush, never commit.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
"""Together above the 40 threads that serve requests: a smaller pool can deadlock with them."""
WAIT_S: Final = 5
"""For a free connection, for a lock, for PostgreSQL's greeting."""
REMEMBERED_S: Final = 60.0
_FULL: Final = ("disk is full", "No space left on device")
"""What SQLite and PostgreSQL say of a full disk."""
POSTGRES_BOUNDS: Final = {
    "connect_timeout": WAIT_S,
    "options": f"-c lock_timeout={WAIT_S}s -c statement_timeout=30s",
}
"""So that no request waits for ever; a migration lifts the second for itself."""


class Database:
    """A pool of connections; safe to use from many threads, one `with` block each."""

    def __init__(self, url: str) -> None:
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
        self._owes_scrub = True  # the run before may have died between a destruction and its scrub
        self._reading: Engine = self.engine.execution_options(**_read_options(self.dialect))
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _on_sqlite_connect)
            event.listen(self.engine, "begin", _on_sqlite_begin)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed together. Raises `Unavailable` when the database is away."""
        try:
            with _translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except Unavailable as error:
            self._write_failed = (time.monotonic(), str(error))
            raise
        self._write_failed = None

    def write_trouble(self, now: float) -> str:
        """Why the last transaction of the last `REMEMBERED_S` that was to write did not; empty when it did.

        A database on a full disk still reads as if nothing were wrong.
        """
        failed_at, why = self._write_failed or (now, "")
        return why if now - failed_at <= REMEMBERED_S else ""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing. Raises `Unavailable` when the database is away."""
        with _translated(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    def scrub(self) -> None:
        """Bring what was just overwritten out of the write-ahead log, where SQLite keeps one.

        With `secure_delete` the database file itself holds zeros then. PostgreSQL keeps old rows until its
        vacuum, and its log as long as it is archived. A reader that stands in the way is waited for a while;
        where that or the disk keeps it from being done, `scrub_owed` does it.
        """
        if self.dialect != "sqlite":
            return
        self._owes_scrub = True
        try:
            with _translated(), self.engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                [(busy, *_)] = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except (Unavailable, sqlite3.Error) as error:
            log.warning("a destroyed key is not scrubbed yet", extra={"error": type(error).__name__})
            return
        self._owes_scrub = bool(busy)

    def scrub_owed(self) -> None:
        """Scrub where the last one was not done to the end, or none was since the start."""
        if self._owes_scrub:
            self.scrub()

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


def insert_once(db: Session, row: Row) -> bool:
    """Insert a row unless one with its id or another unique value is there; True when it was inserted.

    Use it for rows that two requests may make at the same time, and read the row back afterwards.
    """
    table = type(row).__table__  # type: ignore[attr-defined]
    return bool(
        insert_new(db, type(row), [{column.name: getattr(row, column.name) for column in table.columns}])
    )


def insert_new(db: Session, kind: type[Row], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Insert those rows of one table whose id and other unique values are not there yet.

    Each row gives a value for every column. Returns the primary keys of the inserted rows, in any order. One
    statement takes hundreds of rows; they are no objects, since making these costs more than inserting them.
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
    connection.isolation_level = None  # the driver begins nothing by itself; `_on_sqlite_begin` does
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # a destroyed key must not stay behind in a free page
        f"busy_timeout = {WAIT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


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
            raise Unavailable("the connection to the database broke; try again") from error
        raise
