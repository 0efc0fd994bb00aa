"""Whichever way a person goes, a row of it goes from every table, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlmodel import select

from coordinator.candidates.tables import Candidate, FormerReference
from coordinator.deliveries import service as deliveries
from coordinator.keys.tables import Key
from coordinator.privacy import erasing_service as erasing
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.retention import running
from coordinator.retention.erasing_service import remove_rows
from coordinator.retention.planning import Item
from coordinator.retention.running import Asked
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens.tables import IssuedToken
from coordinator.web_api.parts import Parts
from shared.erasures import Cause
from shared.retention import Kept
from shared.tokens import Role
from tests.support.known_everywhere import known_everywhere, rows_left
from tests.support.retained import Rows, Sat, sat, stopped_parts

OVER: Final = datetime(2026, 11, 22, 18, tzinfo=UTC)
LATER: Final = OVER + timedelta(days=366)


@pytest.fixture
def parts(migrated_url: str, tmp_path: Path) -> Iterator[Parts]:
    made = stopped_parts(migrated_url, tmp_path)
    yield made
    made.database.close()


def erased(parts: Parts, one: Sat) -> None:
    with parts.database.write() as db:
        person = db.get_one(Candidate, one.candidate_id)
        wish = ErasureOrder(candidate=person, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
        row = erasing.decide(db, parts.keys, wish, LATER)
        erasing.remove(db, row.id)


def past_all_terms(parts: Parts, one: Sat) -> None:
    asyncio.run(running.erase_due(parts, Asked(uuid4(), LATER)))
    with parts.database.write() as db:
        deliveries.clear(db, LATER)


def test_a_former_name_of_a_session_goes_with_its_records_although_the_person_stays(parts: Parts) -> None:
    rows = Rows()
    alike = sat(rows, 9, LATER)
    with parts.database.write() as db:
        rows.store(db)
        one = known_everywhere(db, 1, OVER, OVER, alike)
        item = Item(kept=Kept.RECORDS, candidate_id=one.candidate_id, exam="EXAM-1", due_utc=LATER)
        remove_rows(db, DEFAULT_TENANT_ID, [item], LATER)
        assert db.exec(select(FormerReference.session_id)).all() == [None]


@pytest.mark.parametrize("goes", [erased, past_all_terms])
def test_a_row_of_every_table_goes_and_the_neighbours_stay(
    parts: Parts, goes: Callable[[Parts, Sat], None]
) -> None:
    rows = Rows()
    alike = sat(rows, 9, LATER)
    with parts.database.write() as db:
        rows.store(db)
        alone = rows_left(db)
        one = known_everywhere(db, 1, OVER, OVER, alike)
        each = {name: count - alone[name] for name, count in rows_left(db).items()}
        assert [name for name, count in each.items() if count < 1] == [], "a table has none"
        known_everywhere(db, 2, LATER, LATER, alike)
        both = rows_left(db)
    goes(parts, one)
    mine = Key.candidate_id == one.candidate_id
    with parts.database.read() as db:
        assert rows_left(db) == {name: both[name] - each[name] for name in both}
        names = db.exec(select(Candidate.reference)).all()
        held = db.exec(select(IssuedToken.subject)).all()
        halves = db.exec(select(Key.wrapped).where(mine)).all()
        scopes = set(db.exec(select(Key.scope).where(mine)).all())
    assert halves
    assert set(halves) == {None}
    assert scopes == {""} if goes is erased else "EXAM-1" in scopes, "the exam's name tells where it was"
    assert sorted(names)[:2] == ["CAND-2", "CAND-9"]
    assert "CAND-1" not in {*names, *held}
    assert "CAND-2" in held
