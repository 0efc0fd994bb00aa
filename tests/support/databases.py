"""Fresh, migrated databases of both kinds for tests; a conftest imports the fixtures it needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from coordinator import schema
from coordinator.ground.database import Database
from tests.support.postgres import database_url, postgres_server, run_sql
from tests.support.reused_database import ReusedDatabase

TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """One PostgreSQL for the whole test session: its socket folder."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Path) -> Path:
    """The server with a migrated database to copy."""
    run_sql(postgres, f"CREATE DATABASE {TEMPLATE}")
    database = Database(database_url(postgres, TEMPLATE))
    schema.upgrade(database)
    database.close()
    return postgres


@pytest.fixture(scope="session")
def reused_postgres(migrated_postgres: Path) -> Iterator[ReusedDatabase]:
    """A migrated database of the server, which each test finds as new."""
    reused = ReusedDatabase(migrated_postgres, TEMPLATE, "reused")
    reused.make()
    yield reused
    reused.drop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a migrated database of its own on SQLite, for what is the same on every database."""
    path = tmp_path / "coordinator.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database of its own, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    reused: ReusedDatabase = request.getfixturevalue("reused_postgres")
    yield reused.url
    reused.restore()


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A migrated database, open."""
    opened = Database(migrated_url)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: Path = request.getfixturevalue("postgres")
        name = f"test_{uuid4().hex}"
        run_sql(server, f"CREATE DATABASE {name}")
        url = database_url(server, name)
    opened = Database(url)
    yield opened
    opened.close()
