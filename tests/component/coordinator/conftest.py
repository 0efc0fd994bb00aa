"""Fixtures of the coordinator's component tests."""

from __future__ import annotations

from tests.support.databases import (
    database,
    empty_database,
    migrated_postgres,
    migrated_sqlite,
    migrated_url,
    postgres,
)

__all__ = ["database", "empty_database", "migrated_postgres", "migrated_sqlite", "migrated_url", "postgres"]
