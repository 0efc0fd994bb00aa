from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import UUID

import pytest
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.ground.database import Database
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Corrupt, Rejected
from tests.support.masters import keyring_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEYRING = keyring_of(bytes(32))
PLACE = Place("alerts", "body_sealed", UUID(int=3))


def somebody(db: Session, reference: str = "STU-1") -> Candidate:
    return candidates.get_or_make(db, DEFAULT_TENANT_ID, reference, NOW, may_be_new=True)


def exam_key(db: Session, candidate: Candidate, exam: str) -> UUID:
    seal, _ = keys.propose_exam_keys(db, KEYRING, candidate, exam, NOW)
    assert keys.keep(db, seal)
    return seal.id


def template_key(db: Session, candidate: Candidate) -> UUID:
    proposed = keys.propose_template_key(db, KEYRING, candidate, NOW)
    assert keys.keep(db, proposed)
    return proposed.id


def test_a_key_is_made_once_per_candidate_and_exam(database: Database) -> None:
    with database.write() as db:
        one, other = somebody(db), somebody(db, "STU-2")
        made = [
            exam_key(db, one, "BIO"),
            exam_key(db, one, "BIO"),
            exam_key(db, one, "MAT"),
            exam_key(db, other, "BIO"),
            keys.exam_data_key(db, KEYRING, one, "BIO", NOW).id,
            template_key(db, one),
            keys.template_data_key(db, KEYRING, one, NOW).id,
        ]
    assert made[0] == made[1]
    assert len(set(made)) == 6


def test_requests_at_the_same_time_get_the_same_key(database: Database) -> None:
    together = Barrier(4)
    with database.write() as db:
        candidate = somebody(db)

    def make() -> UUID:
        together.wait(timeout=10)
        with database.write() as db:
            return keys.exam_data_key(db, KEYRING, candidate, "BIO", NOW).id

    with ThreadPoolExecutor(4) as threads:
        ids = [future.result() for future in [threads.submit(make) for _ in range(4)]]
    assert len(set(ids)) == 1


def test_destroying_an_exams_keys_erases_it_and_nothing_else(database: Database) -> None:
    with database.write() as db:
        candidate = somebody(db)
        exam, other = (keys.exam_data_key(db, KEYRING, candidate, name, NOW) for name in ("BIO", "MAT"))
        template = keys.template_data_key(db, KEYRING, candidate, NOW)
        sealed = {key.id: KEYRING.seal_field(key, PLACE, b"face") for key in (exam, other, template)}
        exam_key(db, candidate, "BIO")
    owner = Owner(DEFAULT_TENANT_ID, candidate.id, RetentionClass.EXAM, "BIO")
    with database.write() as db:
        assert keys.destroy(db, owner, NOW) == 2
        assert keys.destroy(db, owner, NOW) == 0
    with database.read() as db:
        with pytest.raises(Rejected, match="erased"):
            KEYRING.open_field(keys.get(db, DEFAULT_TENANT_ID, exam.id), PLACE, sealed[exam.id])
        for key in (other, template):
            kept = keys.get(db, DEFAULT_TENANT_ID, key.id)
            assert KEYRING.open_field(kept, PLACE, sealed[key.id]) == b"face"


def test_after_destruction_a_new_key_is_made(database: Database) -> None:
    with database.write() as db:
        candidate = somebody(db)
        first = template_key(db, candidate)
        keys.destroy(db, Owner(DEFAULT_TENANT_ID, candidate.id, RetentionClass.TEMPLATE), NOW)
        assert template_key(db, candidate) != first


def test_another_institutions_key_is_not_there(database: Database) -> None:
    with database.write() as db:
        key_id = template_key(db, somebody(db))
        with pytest.raises(Corrupt):
            keys.get(db, UUID(int=9), key_id)
