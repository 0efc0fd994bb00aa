"""Which entries of the audit log legal holds keep. Reads only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.audit import archiving_service as archiving
from coordinator.enrollments.tables import Enrollment
from coordinator.holds import service as holds
from coordinator.holds.covering import Hold, in_force
from coordinator.sessions.tables import ExamSession


def first_held_entry(db: Session, tenant_id: UUID, now_utc: datetime) -> int | None:
    """The first entry about somebody, or a session of somebody, of whom a hold keeps something; None: there
    is none."""
    people = {
        candidate_id
        for one in holds.living(db, tenant_id)
        if in_force(one, now_utc)
        for candidate_id in _people(db, tenant_id, one)
    }
    sat = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id, col(ExamSession.candidate_id).in_(people)
    )
    return archiving.first_about(db, tenant_id, sorted(people), db.exec(sat).all())


def _people(db: Session, tenant_id: UUID, hold: Hold) -> set[UUID]:
    if hold.candidate_id is not None:
        return {hold.candidate_id}
    found: set[UUID] = set()
    for table in (ExamSession, Enrollment):
        wanted = select(table.candidate_id).where(
            table.tenant_id == tenant_id, table.exam_reference == hold.exam_reference
        )
        found.update(db.exec(wanted.distinct()))
    return found
