"""Manages the schema: upgrades a database, downgrades it, finds differences from the code.

One transaction per command. On PostgreSQL an advisory lock keeps two replicas from migrating at once;
SQLite's write lock does the same. SQLite's foreign keys are off meanwhile, because there a changed table is
copied, dropped and renamed, and dropping one with foreign keys on fails or empties its children. They are
checked before the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

import coordinator
from coordinator.accommodations import tables as _accommodations
from coordinator.alerts import tables as _alerts
from coordinator.arriving import tables as _arriving
from coordinator.audit import tables as _audit
from coordinator.candidates import tables as _candidates
from coordinator.consents import tables as _consents
from coordinator.destinations import tables as _destinations
from coordinator.enrollments import face_tables as _faces, tables as _enrollments
from coordinator.evidence import tables as _evidence
from coordinator.exams import tables as _exams
from coordinator.ground.columns import Row
from coordinator.ground.database import Database
from coordinator.holds import tables as _holds
from coordinator.idempotency import tables as _idempotency
from coordinator.incidents import tables as _incidents
from coordinator.keys import tables as _keys
from coordinator.live import tables as _live
from coordinator.memberships import tables as _memberships
from coordinator.nodes import tables as _nodes
from coordinator.policies import tables as _policies
from coordinator.privacy import tables as _privacy
from coordinator.retention import tables as _retention
from coordinator.reviews import tables as _reviews
from coordinator.sessions import tables as _sessions
from coordinator.tenants import tables as _tenants
from coordinator.tokens import tables as _tokens
from shared.errors import ConfigError, Corrupt, Unavailable
from shared.sqlite_file import make_private, require_whole, tables_in

ALL_TABLES: Final = (
    _accommodations,
    _alerts,
    _arriving,
    _audit,
    _candidates,
    _consents,
    _destinations,
    _enrollments,
    _evidence,
    _exams,
    _faces,
    _holds,
    _idempotency,
    _incidents,
    _keys,
    _live,
    _memberships,
    _nodes,
    _policies,
    _privacy,
    _retention,
    _reviews,
    _sessions,
    _tenants,
    _tokens,
)
"""Every module that declares tables: importing them fills the metadata."""
_REVISIONS: Final = "alembic_version"
"""The table with a database's revision; the only one that remains after downgrading to the base."""
_OURS: Final = frozenset({_REVISIONS, "lane_marks"})
"""Tables that together identify our database."""
_LOCK: Final = 0x70726F63746F72
"""A number that only our migrations use: ASCII of `proctor`."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Upgrade the database to a revision; a missing SQLite file is created, readable only by its owner.

    Raises `Unavailable` if it cannot be reached, `ConfigError` if it is damaged or another program's.
    """
    if database.file is not None:
        _require_ours(database.file, may_be_new=True)
    with _migrating(database) as config:
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str) -> None:
    """Downgrade the database to a revision; `base` drops every table."""
    with _migrating(database) as config:
        command.downgrade(config, revision)


def current(database: Database) -> str | None:
    """The database's revision; None for an empty one. Raises `Unavailable` if it cannot be reached."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise Unavailable("the database does not answer") from error


def newest() -> str | None:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def knows(revision: str) -> bool:
    """Whether this program can migrate a database of this revision."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def require_newest(database: Database) -> None:
    """Raises `ConfigError` unless the database is intact, ours and at this program's revision.

    Any other SQLite file is not changed at all.
    """
    if database.file is not None:
        _require_ours(database.file, may_be_new=False)
    at, wanted = current(database), newest()
    if at != wanted:
        raise ConfigError(
            f"the database is at revision {at or 'none'}, this program needs {wanted}; "
            "run `proctor-coordinator migrate`"
        )


def differences(database: Database) -> list[Any]:
    """The differences between the database's tables and those in the code; empty if they agree."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Row.metadata))


def _require_ours(file: Path, *, may_be_new: bool) -> None:
    try:
        tables = tables_in(file)
        require_whole(file)
        if tables - {_REVISIONS} and not tables >= _OURS:
            raise ConfigError(f"{file} is another program's database; nothing was written to it")
        if may_be_new or tables:
            make_private(file)
            return
    except FileNotFoundError:
        if may_be_new:
            _made(file)
            return
    except Corrupt as error:
        raise ConfigError(f"{error}; restore it from a backup. Nothing was written to it") from error
    except OSError as error:
        raise ConfigError(f"the database {file} cannot be opened: {error.strerror}") from error
    raise ConfigError(f"there is no database at {file}; run `proctor-coordinator migrate`")


def _made(file: Path) -> None:
    try:
        make_private(file)
    except OSError as error:
        raise ConfigError(f"the database {file} cannot be created: {error.strerror}") from error


@contextmanager
def _migrating(database: Database) -> Iterator[Config]:
    try:
        with database.engine.connect() as connection:
            if database.dialect == "sqlite":
                _driver(connection).execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                if database.dialect == "postgresql":
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '5min'")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                config = _config()
                config.attributes["connection"] = connection
                yield config
                if database.dialect == "sqlite":
                    _check_references(connection)
            connection.invalidate()  # the next use of the pool sets its pragmas again
    except CommandError as error:
        raise ConfigError(f"the database was not created by this program, or is newer: {error}") from error
    except DBAPIError as error:
        raise Unavailable(f"the database refused the migration: {error.orig}") from error


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _check_references(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise Corrupt("the migration would leave rows that refer to missing rows; it was rolled back")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(coordinator.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
