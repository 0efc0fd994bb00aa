"""One PostgreSQL database for many tests, made as new again after each: less work than a copy for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import Connection, sql

from tests.support.postgres import OWNER, copy_database, database_url, run_sql

_TABLES: Final = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_SEQUENCES: Final = """
    SELECT format('%I.%I', schemaname, sequencename), start_value, last_value FROM pg_sequences
    WHERE schemaname = 'public'"""
_SHAPE: Final = """
    SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
        SELECT concat(attrelid, attname, atttypid, attnotnull, attisdropped) AS part
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat(conrelid, conname) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    ) AS parts"""
"""Changes with every table, column, index and constraint that comes or goes."""
_END_OTHERS: Final = """
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database held when it was new."""

    shape: str
    tables: tuple[str, ...]
    rows: dict[str, bytes]
    """By table, those that have any, as COPY writes them."""
    sequences: tuple[tuple[str, int, int | None], ...]
    """Name, first value, and the last one given."""


class ReusedDatabase:
    """A copy of a template, as new before each use."""

    def __init__(self, server: Path, template: str, name: str) -> None:
        self._server = server
        self._template = template
        self._name = name
        self._connection: Connection[tuple[object, ...]] | None = None
        self._new: Contents | None = None

    @property
    def url(self) -> str:
        return database_url(self._server, self._name)

    def make(self) -> None:
        """Copy the template."""
        copy_database(self._server, self._template, self._name)
        self._connection = psycopg.connect(
            host=str(self._server), user=OWNER, dbname=self._name, autocommit=True
        )
        self._new = contents(self._connection)

    def restore(self) -> None:
        """End what a test left connected and make everything what it was; anew where tables were changed."""
        assert self._connection is not None
        assert self._new is not None
        self._connection.execute(_END_OTHERS)
        if _shape(self._connection) == self._new.shape:
            _refill(self._connection, self._new)
            return
        self.drop()
        self.make()

    def drop(self) -> None:
        """End it for good."""
        if self._connection is not None:
            self._connection.close()
        run_sql(self._server, f"DROP DATABASE {self._name} WITH (FORCE)")


def _shape(connection: Connection[tuple[object, ...]]) -> str:
    row = connection.execute(_SHAPE).fetchone()
    assert row is not None
    return str(row[0])


def contents(connection: Connection[tuple[object, ...]]) -> Contents:
    """What a database holds now."""
    tables = tuple(str(name) for (name,) in connection.execute(_TABLES))
    rows = {}
    for table in tables:
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as out:
            if written := b"".join(bytes(part) for part in out):
                rows[table] = written
    sequences = tuple(
        (str(name), int(str(start)), None if last is None else int(str(last)))
        for name, start, last in connection.execute(_SEQUENCES)
    )
    return Contents(_shape(connection), tables, rows, sequences)


def _refill(connection: Connection[tuple[object, ...]], new: Contents) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys are not looked at
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in new.tables]
        connection.execute(sql.SQL("; ").join(deletes))
        for table, rows in new.rows.items():
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor().copy(statement) as into:
                into.write(rows)
        for name, start, last in new.sequences:
            place = (name, start if last is None else last, last is not None)
            connection.execute("SELECT setval(%s::regclass, %s, %s)", place)
