"""Fixtures of the coordinator's component tests."""

from __future__ import annotations

from tests.support.backups import installation, maker, place
from tests.support.centre import centre, keys, next_node, node, server, sitting
from tests.support.console_stand import on_console
from tests.support.databases import (
    database,
    empty_database,
    migrated_postgres,
    migrated_sqlite,
    migrated_url,
    postgres,
    reused_postgres,
    sqlite_url,
)
from tests.support.desk import desk
from tests.support.exam_site import hub, on_site, on_sqlite, rounds_by_hand
from tests.support.sink import nothing_resolves

__all__ = [
    "centre",
    "database",
    "desk",
    "empty_database",
    "hub",
    "installation",
    "keys",
    "maker",
    "migrated_postgres",
    "migrated_sqlite",
    "migrated_url",
    "next_node",
    "node",
    "nothing_resolves",
    "on_console",
    "on_site",
    "on_sqlite",
    "place",
    "postgres",
    "reused_postgres",
    "rounds_by_hand",
    "server",
    "sitting",
    "sqlite_url",
]
