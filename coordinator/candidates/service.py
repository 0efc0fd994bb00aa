"""Find and make candidates. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from coordinator.candidates.tables import Candidate
from coordinator.database import insert_once
from coordinator.ids import uuid7


def find(db: Session, tenant_id: UUID, reference: str) -> Candidate | None:
    """The institution's candidate of this name, if it is known."""
    wanted = select(Candidate).where(Candidate.tenant_id == tenant_id, Candidate.reference == reference)
    return db.exec(wanted).one_or_none()


def get_or_make(db: Session, tenant_id: UUID, reference: str, now_utc: datetime) -> Candidate:
    """The institution's candidate of this name, made on first mention."""
    found = find(db, tenant_id, reference)
    if found is not None:
        return found
    insert_once(db, Candidate(id=uuid7(), tenant_id=tenant_id, reference=reference, created_utc=now_utc))
    made = find(db, tenant_id, reference)
    if made is None:
        raise RuntimeError("a candidate just inserted is not there")
    return made
