"""Every table of the schema says what becomes of it when a person is erased."""

from __future__ import annotations

import pytest
from sqlalchemy import Table

from coordinator.ground.columns import Row
from coordinator.privacy import places
from coordinator.schema import ALL_TABLES

TABLES = {table.name: table for table in Row.metadata.sorted_tables}
PERSONAL = {"candidate_id", "other_id", "session_id", "exam_session_id", "candidate_reference"}
"""Columns that name a person or its session."""
BY_RANDOM_ID = {
    "assignments",
    "audit_entries",
    "erased_sessions",
    "erasure_requests",
    "erasures",
    "rollout_sessions",
}
"""Tables that stay although they name a person: by a random id, and nothing else in them is about it."""


def test_every_table_is_in_one_list_and_no_list_names_another() -> None:
    assert ALL_TABLES
    lists = [set(places.ERASED), set(places.EMPTIED), set(places.KEPT)]
    assert set.union(*lists) == set(TABLES)
    assert sum(map(len, lists)) == len(TABLES)


@pytest.mark.parametrize("name", sorted(places.EMPTIED))
def test_every_column_of_a_tombstone_is_emptied_or_kept(name: str) -> None:
    table: Table = TABLES[name]
    emptied, kept = places.EMPTIED[name], places.KEPT_COLUMNS[name]
    assert emptied | kept == set(table.columns.keys())
    assert not emptied & kept


def test_what_is_kept_whole_names_no_person_but_by_a_random_id() -> None:
    named = {
        name
        for name in places.KEPT
        if PERSONAL & set(TABLES[name].columns.keys())
        or any(key.column.table.name in ("candidates", "sessions") for key in TABLES[name].foreign_keys)
    }
    assert named == BY_RANDOM_ID
