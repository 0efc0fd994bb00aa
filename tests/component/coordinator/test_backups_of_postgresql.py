"""What only a backup of PostgreSQL needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coordinator import schema
from coordinator.backups.creating import Maker, create
from coordinator.restoring import restore
from shared.errors import ConfigError, Unavailable
from tests.support.backups import (
    NOW,
    Place,
    good,
)
from tests.support.reused_database import ReusedDatabase

pytestmark = pytest.mark.postgres


@pytest.fixture
def migrated_url(reused_postgres: ReusedDatabase) -> Iterator[str]:
    yield reused_postgres.url
    reused_postgres.restore()


def test_postgresql_that_has_tables_is_not_empty(maker: Maker, place: Place) -> None:
    create(maker, NOW)
    with place.opened() as database:
        schema.upgrade(database)
    with pytest.raises(ConfigError, match="not empty"):
        restore(place.wish(), NOW)


def test_a_missing_program_says_what_to_install(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(ConfigError, match="pg_dump is missing; install Debian's package postgresql-client"):
        create(maker, NOW)
    assert good(maker) == []


def test_a_dump_that_fails_is_no_backup(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.backups.copying.postgresql_program", lambda _: "/bin/false")
    with pytest.raises(Unavailable, match="false failed"):
        create(maker, NOW)
    assert good(maker) == []
