"""Which entries of the audit log legal holds keep. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from coordinator.audit import archiving_service as archiving
from coordinator.candidates.tables import Candidate
from coordinator.enrollments.tables import Enrollment
from coordinator.holds import service as holds
from coordinator.holds.covering import Hold, in_force
from coordinator.sessions.tables import ExamSession


def first_held_entry(db: Session, tenant_id: UUID, now_utc: datetime) -> int | None:
    """The first entry about somebody, or a session of somebody, of whom a hold keeps something; None: there
    is none."""
    found = [one for one in holds.living(db, tenant_id) if in_force(one, now_utc)]
    people = _people(tenant_id, found)
    sat = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id, col(ExamSession.candidate_id).in_(people)
    )
    return archiving.first_about(db, tenant_id, people, sat) if found else None


def _people(tenant_id: UUID, found: Sequence[Hold]) -> SelectOfScalar[UUID]:
    """Selects whom these holds are about; there may be more than a statement takes as values."""
    named = [one.candidate_id for one in found if one.candidate_id is not None]
    exams = [one.exam_reference for one in found if one.candidate_id is None]
    of_exams = [
        col(Candidate.id).in_(
            select(table.candidate_id).where(
                table.tenant_id == tenant_id, col(table.exam_reference).in_(exams)
            )
        )
        for table in (ExamSession, Enrollment)
    ]
    return select(Candidate.id).where(
        Candidate.tenant_id == tenant_id, or_(col(Candidate.id).in_(named), *of_exams)
    )
