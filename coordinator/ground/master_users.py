"""Which master keys the running coordinators of a database use: locks that end with their holder.

Each coordinator shares a lock that stands for the keys it holds, in their order. Who wants to know whether
any coordinator still uses these keys tries to have the lock alone. PostgreSQL: advisory locks of a connection
that is kept for them (so none that a pooler shares). SQLite: locks on files beside the database.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from coordinator.ground.database import Database
from coordinator.ground.master_keys import MasterKey
from shared.errors import Unavailable

Use = tuple[bytes, ...]
"""The ids of the keys that a coordinator holds; the first one wraps."""


def use_of(held: tuple[MasterKey, ...]) -> Use:
    """The ids that stand for these keys."""
    return tuple(key.key_id for key in held)


class MasterUsers:
    """Tells others which master keys this coordinator uses, and asks what they use. Its methods block; use
    them from one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared: set[Use] = set()
        self._files: dict[Use, int] = {}
        self._connection: Connection | None = None
        self._told: set[Use] = set()
        """What the connection has locked."""

    def share(self, use: Use) -> None:
        """Tell others that this coordinator uses these keys, if they are not told.

        Raises `Unavailable` if the database does not answer.
        """
        self._shared.add(use)
        if self._database.file is not None:
            if use not in self._files:
                self._files[use] = self._opened(use)
                fcntl.flock(self._files[use], fcntl.LOCK_SH)
            return
        try:
            self._share_all()
        except SQLAlchemyError as error:
            self._drop_connection()
            raise Unavailable("the database does not answer; try again") from error

    def let_go(self, use: Use) -> None:
        """Tell others that this coordinator does not use these keys any more."""
        self._shared.discard(use)
        if use in self._files:
            os.close(self._files.pop(use))
        if self._connection is not None and use in self._told:
            self._told.discard(use)
            with suppress(SQLAlchemyError):
                self._connection.exec_driver_sql(f"SELECT pg_advisory_unlock_shared({_number(use)})")

    def used(self, use: Use) -> bool:
        """Whether a running coordinator uses these keys. Raises `Unavailable`."""
        return self._used_by_file(use) if self._database.file is not None else self._used_by_lock(use)

    def close(self) -> None:
        """Release all locks."""
        for use in tuple(self._shared):
            self.let_go(use)
        self._drop_connection()

    def _share_all(self) -> None:
        if self._connection is None or not _answers(self._connection):
            self._drop_connection()
            self._connection = self._connected()
            self._told.clear()
        for use in self._shared - self._told:
            self._connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({_number(use)})")
            self._told.add(use)

    def _used_by_file(self, use: Use) -> bool:
        file = self._opened(use)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False

    def _used_by_lock(self, use: Use) -> bool:
        try:
            with self._connected() as connection:
                # Locked for this statement only, so that it is no answer to the next question.
                question = f"SELECT pg_try_advisory_xact_lock({_number(use)})"
                alone: Any = connection.exec_driver_sql(question).scalar_one()
        except SQLAlchemyError as error:
            raise Unavailable("the database does not answer; try again") from error
        return not alone

    def _opened(self, use: Use) -> int:
        path = f"{self._database.file}.master-{_digest(use).hex()}"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _connected(self) -> Connection:
        return self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _drop_connection(self) -> None:
        if self._connection is None:
            return
        with suppress(SQLAlchemyError):
            # Not given back to the pool, where the locks would live on.
            self._connection.invalidate()
            self._connection.close()
        self._connection = None


def _answers(connection: Connection) -> bool:
    """Whether the connection still works; its locks are gone if it does not."""
    try:
        connection.exec_driver_sql("SELECT 1")
    except SQLAlchemyError:
        return False
    return not connection.invalidated


def _digest(use: Use) -> bytes:
    return hashlib.sha256(b"proctor-edge master keys in use v1\x00" + b"".join(use)).digest()[:8]


def _number(use: Use) -> int:
    return int.from_bytes(_digest(use), "big", signed=True)
