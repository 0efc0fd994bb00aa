"""Tests that follow one another in one PostgreSQL database find it as new, whatever the one before did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.databases import TEMPLATE
from tests.support.postgres import OWNER
from tests.support.reused_database import ReusedDatabase, contents

NAME = "lent"
pytestmark = pytest.mark.postgres


@pytest.fixture
def lent(migrated_postgres: Path) -> Iterator[ReusedDatabase]:
    made = ReusedDatabase(migrated_postgres, TEMPLATE, NAME)
    made.make()
    yield made
    made.drop()


@pytest.mark.parametrize(
    "done",
    [
        b"UPDATE tenants SET name = name || ' again'",
        b"SET session_replication_role = replica; DELETE FROM tenants",
        b"ALTER TABLE tenants ADD COLUMN more text",
        b"DROP TABLE exams CASCADE",
        b"ALTER TABLE alerts DROP CONSTRAINT pk_alerts CASCADE",
    ],
    ids=["changed", "deleted", "another column", "no table", "no key"],
)
def test_what_a_test_did_is_undone(migrated_postgres: Path, lent: ReusedDatabase, done: bytes) -> None:
    def connect() -> psycopg.Connection:
        return psycopg.connect(host=str(migrated_postgres), user=OWNER, dbname=NAME, autocommit=True)

    with connect() as test:
        before = contents(test)
        assert "tenants" in before.rows
        test.execute(done)
        assert contents(test) != before
    lent.restore()
    with connect() as following:
        assert contents(following) == before


def test_a_transaction_that_a_test_left_open_is_ended(migrated_postgres: Path, lent: ReusedDatabase) -> None:
    left = psycopg.connect(host=str(migrated_postgres), user=OWNER, dbname=NAME)
    left.execute("LOCK TABLE tenants")
    lent.restore()
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
