"""What candidates have said, as the database has it: of each institution by itself, the latest last."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session

from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.tables import Consent
from coordinator.ground.database import Database
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from shared.consents import Purpose
from tests.support.desk import NOW

OTHER_TENANT_ID = UUID(int=77)
SEARCH, FACE = Purpose.IMPERSONATION_SEARCH, Purpose.IDENTITY_VERIFICATION


def candidate(db: Session, number: int, tenant_id: UUID = DEFAULT_TENANT_ID) -> Candidate:
    row = Candidate(id=UUID(int=number), tenant_id=tenant_id, reference=f"CAND-{number}", created_utc=NOW)
    db.add(row)
    db.flush()
    return row


def say(db: Session, owner: Candidate, purpose: Purpose, given: bool, at: datetime, number: int) -> None:
    db.add(
        Consent(
            id=UUID(int=number),
            tenant_id=owner.tenant_id,
            candidate_id=owner.id,
            purpose=purpose,
            given=given,
            text_version=str(number),
            language="en",
            recorded_by=owner.reference,
            created_utc=at,
        )
    )
    db.flush()


def test_the_latest_answer_of_each_candidate_of_one_institution_counts(database: Database) -> None:
    later = NOW + timedelta(seconds=1)
    with database.write() as db:
        db.add(Tenant(id=OTHER_TENANT_ID, name="other", created_utc=NOW))
        one, two, three = (candidate(db, number) for number in (1, 2, 3))
        other = candidate(db, 4, OTHER_TENANT_ID)
        say(db, one, SEARCH, False, later, 11)  # stored first, said last
        say(db, one, SEARCH, True, NOW, 12)
        say(db, two, SEARCH, True, NOW, 22)  # of one instant, the one that was made last
        say(db, two, SEARCH, False, NOW, 21)
        say(db, three, FACE, False, NOW, 31)
        say(db, other, SEARCH, False, NOW, 41)
    with database.read() as db:
        assert consents.answers_to(db, DEFAULT_TENANT_ID, SEARCH) == {one.id: False, two.id: True}
        assert consents.withdrawn(db, DEFAULT_TENANT_ID, SEARCH) == {one.id}
        assert consents.withdrawn(db, DEFAULT_TENANT_ID, FACE) == {three.id}
        assert consents.withdrawn(db, OTHER_TENANT_ID, SEARCH) == {other.id}


@pytest.mark.parametrize("limit", [1, 2])
def test_a_history_is_read_in_pages_also_where_much_was_said_at_one_instant(
    database: Database, limit: int
) -> None:
    with database.write() as db:
        own, other = candidate(db, 1), candidate(db, 2)
        for number in range(11, 16):
            say(db, own, FACE, number % 2 == 0, NOW + timedelta(seconds=number // 15), number)
        say(db, other, FACE, True, NOW, 16)
    read: list[str] = []
    with database.read() as db:
        words, after = consents.history(db, own, None, limit)
        while words:
            assert len(words) <= limit
            read += [word.text_version for word in words]
            if after is None:
                break
            words, after = consents.history(db, own, after, limit)
    assert read == ["15", "14", "13", "12", "11"]
