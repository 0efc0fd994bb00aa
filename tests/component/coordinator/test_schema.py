from __future__ import annotations

import pytest
from sqlalchemy import inspect, text
from sqlmodel import select

from coordinator import schema
from coordinator.ground.columns import Row
from coordinator.ground.database import Database
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from shared.errors import ConfigError


def test_migrations_make_exactly_the_tables_of_the_code(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []
    assert schema.current(empty_database) == schema.newest()


def test_a_missing_column_is_noticed(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    with empty_database.write() as db:
        db.connection().execute(text("ALTER TABLE alerts DROP COLUMN severity_score"))
    assert [change[0] for change in schema.differences(empty_database)] == ["add_column"]


def test_migrations_go_down_to_nothing_and_up_again(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    schema.downgrade(empty_database, "base")
    assert inspect(empty_database.engine).get_table_names() == ["alembic_version"]
    schema.upgrade(empty_database)
    assert schema.differences(empty_database) == []


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    schema.upgrade(empty_database)
    schema.upgrade(empty_database)
    with empty_database.read() as db:
        assert [tenant.id for tenant in db.exec(select(Tenant))] == [DEFAULT_TENANT_ID]


def test_an_unmigrated_database_is_refused_with_the_command_to_run(empty_database: Database) -> None:
    with pytest.raises(ConfigError, match="proctor-coordinator migrate"):
        schema.require_newest(empty_database)
    schema.upgrade(empty_database)
    schema.require_newest(empty_database)


def test_every_table_carries_its_institution() -> None:
    without = {t.name for t in Row.metadata.tables.values() if "tenant_id" not in t.columns}
    assert without == {"tenants"}
