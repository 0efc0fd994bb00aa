"""Keeps answers and returns them again. Flushes, never commits.

An answer is kept in the transaction of the work, so both are stored or neither, even after a crash.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session, col, delete, select

from coordinator.candidates import service as candidates
from coordinator.ground.database import insert_once
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.idempotency.sameness import Asked
from coordinator.idempotency.tables import KeptAnswer
from shared.errors import Rejected

KEPT_FOR: Final = timedelta(hours=24)

M = TypeVar("M", bound=BaseModel)


def recall(db: Session, keyring: Keyring, asked: Asked | None, kind: type[M]) -> M | None:
    """The earlier answer, if there is one.

    Raises `Rejected` (409 `idempotency-key-reused`) if it was for another body.
    """
    if asked is None:
        return None
    row = db.exec(
        select(KeptAnswer).where(
            KeptAnswer.tenant_id == asked.tenant_id,
            KeptAnswer.request_hash == asked.request_hash,
            col(KeptAnswer.created_utc) > asked.now_utc - KEPT_FOR,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != asked.body_hash:
        raise Rejected(
            "this Idempotency-Key was used with another body; use a new one",
            code="idempotency-key-reused",
            status=409,
        )
    if row.candidate_reference is not None:
        # Only so that the audit log's entry says whom it is about.
        candidates.find(db, row.tenant_id, row.candidate_reference)
    return kind.model_validate_json(keyring.unwrap(_place(row.id), row.answer_sealed))


def keep(
    db: Session, keyring: Keyring, asked: Asked | None, answer: BaseModel, candidate: str | None = None
) -> None:
    """Keep an answer for a day. `candidate`: the person it is about.

    Raises `Rejected` (409 `repeated-at-once`) if the same request was answered in the meantime: the
    transaction is rolled back, and a repetition gets that answer.
    """
    if asked is None:
        return
    db.exec(delete(KeptAnswer).where(col(KeptAnswer.created_utc) <= asked.now_utc - KEPT_FOR))
    row_id = uuid7()
    row = KeptAnswer(
        id=row_id,
        tenant_id=asked.tenant_id,
        request_hash=asked.request_hash,
        body_hash=asked.body_hash,
        answer_sealed=keyring.wrap(_place(row_id), answer.model_dump_json().encode()),
        candidate_reference=candidate,
        created_utc=asked.now_utc,
    )
    if not insert_once(db, row):
        raise Rejected(
            "the same request came twice at the same time; repeat it to get its answer",
            code="repeated-at-once",
            status=409,
            retry_after_s=1,
        )


def forget(db: Session, tenant_id: UUID, candidate: str) -> None:
    """Erase the answers about a candidate."""
    db.exec(
        delete(KeptAnswer).where(
            col(KeptAnswer.tenant_id) == tenant_id, col(KeptAnswer.candidate_reference) == candidate
        )
    )


def _place(row_id: UUID) -> Place:
    return Place("kept_answers", "answer_sealed", row_id)
