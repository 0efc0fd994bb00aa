"""Elects one leader among the coordinators of a database, by a lock that ends with its holder.

PostgreSQL: an advisory lock of a connection that is kept for it (so none that a pooler shares). SQLite: a
lock on a file beside the database. Neither needs a clock, and after a kill -9 the next one leads at once.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from coordinator.ground.database import Database
from shared.errors import Unavailable

_LOCK: Final = 0x70726F63746F72
"""Of PostgreSQL's advisory locks: ASCII of `proctor`; this number itself guards migrations."""


class Held(IntEnum):
    """The locks of which each is held by at most one coordinator."""

    LEAD = 1
    BACKUP = 2
    """Copies the database."""
    KEYRING = 3
    """Writes the keyring to its backup."""


_AGAIN_S: Final = 0.1
_NOTICE_LOSS: Final = (
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
)
"""So that the server gives the lock to another within 11 s when a leader's machine is gone."""


class Leadership:
    """One coordinator's hold on the lead. Its methods block; use them from one thread at a time."""

    def __init__(self, database: Database, held: Held = Held.LEAD) -> None:
        self._database = database
        self._held = held
        self._connection: Connection | None = None
        self._file: int | None = None

    def hold(self) -> bool:
        """Take the lead if it is free, or check that it is still ours. Returns whether we lead."""
        return self._hold_file() if self._database.file is not None else self._hold_lock()

    def give_back(self) -> None:
        """Release the lead. When this returns, another one can take it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                # PostgreSQL answers this; it notices a closed connection only some time later.
                self._connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK + self._held})")
            self._forget()

    def _forget(self) -> None:
        """Close the connection for good: in the pool the lock would live on."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None

    def _hold_file(self) -> bool:
        if self._file is not None:
            return True
        path = f"{self._database.file}.{self._held.name.lower()}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def _hold_lock(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("SELECT 1")
                return True
            return self._take_lock()
        except SQLAlchemyError:
            self._forget()
            return False

    def _take_lock(self) -> bool:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        for setting in _NOTICE_LOSS:
            connection.exec_driver_sql(setting)
        wanted = f"SELECT pg_try_advisory_lock({_LOCK + self._held})"
        taken: Any = connection.exec_driver_sql(wanted).scalar_one()
        if not taken:
            self._forget()
        return bool(taken)


@contextmanager
def alone(database: Database, held: Held, *, within_s: float) -> Iterator[None]:
    """Hold something for as long as the block lasts. Raises `Unavailable` if another one still has it after
    that time."""
    hold, deadline = Leadership(database, held), time.monotonic() + within_s
    while not hold.hold():
        if time.monotonic() >= deadline:
            raise Unavailable(f"another coordinator holds the {held.name.lower()}; try again", code="held")
        time.sleep(_AGAIN_S)
    try:
        yield
    finally:
        hold.give_back()
