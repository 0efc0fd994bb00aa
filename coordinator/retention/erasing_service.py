"""Destroys the keys of what is due, and removes or empties its rows. Flushes, never commits.

Keys first, in a transaction of their own: from its commit on, nothing in any copy can be opened. All items of
one call are of one class, and of exams or of persons; so the number of statements does not grow with theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, delete, or_, select, tuple_, update

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.alerts.tables import StoredAlert
from coordinator.candidates.tables import Candidate, FormerReference
from coordinator.consents.tables import Consent
from coordinator.enrollments.face_tables import FacePair, PracticeCheck
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.evidence.tables import Evidence
from coordinator.exams.tables import Exam
from coordinator.features.tables import FeatureBatch
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.privacy.places import tombstone
from coordinator.retention.planning import Item
from coordinator.reviews.tables import ReviewAct, VerdictFinding
from coordinator.sessions.tables import Acknowledgement, Device, ExamSession, JoinCode, SessionPolicy
from coordinator.tokens import service as tokens
from shared.retention import Kept

Remove = Callable[[Session, Collection[UUID], datetime], int]

BY: Final = "retention"
"""Who revokes the tokens of a person that is no longer known."""

_KEYS: Final[Mapping[Kept, RetentionClass]] = MappingProxyType(
    {
        Kept.TEMPLATES: RetentionClass.TEMPLATE,
        Kept.EVIDENCE: RetentionClass.EVIDENCE,
        Kept.ALERTS: RetentionClass.EXAM,
        Kept.FEATURES: RetentionClass.FEATURES,
    }
)
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "details_sealed": b"",
        "withheld": {},
        "unwatched": None,
        "ungrouped_utc": None,
        "page": None,
        "page_since_utc": None,
        "page_came_utc": None,
        "camera_trouble": None,
        "camera_trouble_utc": None,
    }
)
"""What a session was, without what happened in it."""


def destroy_keys(db: Session, tenant_id: UUID, items: Sequence[Item], now_utc: datetime) -> dict[Item, int]:
    """Destroy the keys of what is due; returns their number by item."""
    kind = _KEYS.get(items[0].kept)
    if kind is None:
        return {}  # records are not sealed
    owners = {Owner(tenant_id, one.candidate_id, kind, one.exam or ""): one for one in items}
    return {owners[owner]: count for owner, count in keys.destroy_all(db, owners, now_utc).items()}


def remove_rows(db: Session, tenant_id: UUID, items: Sequence[Item], now_utc: datetime) -> int:
    """Remove or empty the rows of what is due; returns their number."""
    people = [one.candidate_id for one in items]
    if items[0].exam is None:
        return _OF_PERSONS[items[0].kept](db, people, now_utc)
    pairs = [(one.candidate_id, one.exam) for one in items]
    sat = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id,
        col(ExamSession.candidate_id).in_(people),
        tuple_(col(ExamSession.candidate_id), col(ExamSession.exam_reference)).in_(pairs),
    )
    removed = _OF_EXAMS[items[0].kept](db, list(db.exec(sat)), now_utc)
    if items[0].kept is Kept.ALERTS:
        removed += _accommodations(db, tenant_id, pairs)
    return removed


def _templates(db: Session, people: Collection[UUID], now_utc: datetime) -> int:
    _changed(db, ExamSession, col(ExamSession.candidate_id).in_(people), enrollment_id=None)
    mine = select(Enrollment.id).where(col(Enrollment.candidate_id).in_(people))
    for table in (FaceTemplate, EnrollmentPicture):
        _removed(db, table, col(table.enrollment_id).in_(mine))
    removed = _removed(db, Enrollment, col(Enrollment.candidate_id).in_(people))
    removed += _removed(db, PracticeCheck, col(PracticeCheck.candidate_id).in_(people))
    paired = or_(col(FacePair.candidate_id).in_(people), col(FacePair.other_id).in_(people))
    removed += _removed(db, FacePair, paired)
    return removed + _answers(db, people)


def _person(db: Session, people: Collection[UUID], now_utc: datetime) -> int:
    removed = _removed(db, Consent, col(Consent.candidate_id).in_(people)) + _answers(db, people)
    for table in (LegalHold, FormerReference):
        _removed(db, table, col(table.candidate_id).in_(people))
    # The row stays for its destroyed keys; the same name may come again as another person.
    rows = db.exec(select(Candidate).where(col(Candidate.id).in_(people))).all()
    names = [(row.tenant_id, row.reference) for row in rows]
    tokens.forget_candidates(db, names, tombstone(BY), BY, now_utc)
    for row in rows:
        row.reference, row.erased_utc = tombstone(row.id), now_utc
        db.add(row)
    db.flush()
    return removed + len(people)


def _answers(db: Session, people: Collection[UUID]) -> int:
    """Answers that are kept for repeated requests."""
    names = select(Candidate.tenant_id, Candidate.reference).where(col(Candidate.id).in_(people))
    place = tuple_(col(KeptAnswer.tenant_id), col(KeptAnswer.candidate_reference))
    return _removed(db, KeptAnswer, place.in_(names))


def _pictures(db: Session, sessions: Collection[UUID], now_utc: datetime) -> int:
    """Their rows stay until the alerts go: that there was a picture is part of the alert."""
    full = col(Evidence.session_id).in_(sessions) & (col(Evidence.body_sealed) != b"")
    return _changed(db, Evidence, full, body_sealed=b"")


def _features(db: Session, sessions: Collection[UUID], now_utc: datetime) -> int:
    return _removed(db, FeatureBatch, col(FeatureBatch.session_id).in_(sessions))


def _alerts(db: Session, sessions: Collection[UUID], now_utc: datetime) -> int:
    tenants = select(ExamSession.tenant_id).where(col(ExamSession.id).in_(sessions)).distinct()
    mine = col(StoredAlert.tenant_id).in_(tenants) & col(StoredAlert.session_id).in_(sessions)
    alerts = select(StoredAlert.id).where(mine)
    incidents = select(Incident.id).where(col(Incident.session_id).in_(sessions))
    acts = select(ReviewAct.id).where(col(ReviewAct.incident_id).in_(incidents))
    removed = 0
    for table, which in (
        (VerdictFinding, col(VerdictFinding.act_id).in_(acts)),
        (VerdictFinding, col(VerdictFinding.alert_id).in_(alerts)),
        (IncidentAlert, col(IncidentAlert.incident_id).in_(incidents)),
        (ReviewAct, col(ReviewAct.incident_id).in_(incidents)),
        (Incident, col(Incident.session_id).in_(sessions)),
        (Evidence, col(Evidence.session_id).in_(sessions)),
        (StoredAlert, mine),
    ):
        removed += _removed(db, table, which)
    _changed(db, SessionPolicy, col(SessionPolicy.session_id).in_(sessions), reason_sealed=b"")
    _changed(db, ExamSession, col(ExamSession.id).in_(sessions), **_EMPTY)
    return removed


def _accommodations(db: Session, tenant_id: UUID, pairs: Collection[tuple[UUID, str | None]]) -> int:
    named = {exam for _, exam in pairs}
    exams = select(Exam.id, Exam.reference).where(Exam.tenant_id == tenant_id, col(Exam.reference).in_(named))
    ids = {reference: exam_id for exam_id, reference in db.exec(exams)}
    agreed = [(exam_id, who) for who, exam in pairs if (exam_id := ids.get(exam or "")) is not None]
    place = tuple_(col(AccommodationVersion.exam_id), col(AccommodationVersion.candidate_id))
    return _removed(db, AccommodationVersion, place.in_(agreed)) if agreed else 0


def _records(db: Session, sessions: Collection[UUID], now_utc: datetime) -> int:
    removed = 0
    for table in (JoinCode, Device, Acknowledgement, SessionPolicy, FormerReference):
        removed += _removed(db, table, col(table.session_id).in_(sessions))
    for row in db.exec(select(ExamSession).where(col(ExamSession.id).in_(sessions))):
        row.reference, row.erased_utc = tombstone(row.id), now_utc
        db.add(row)
    db.flush()
    return removed + len(sessions)


def _removed(db: Session, table: Any, which: Any) -> int:
    return db.exec(delete(table).where(which).execution_options(synchronize_session=False)).rowcount


def _changed(db: Session, table: Any, which: Any, **values: Any) -> int:
    changed = update(table).where(which).values(**values)
    return db.exec(changed.execution_options(synchronize_session=False)).rowcount


_OF_PERSONS: Final[Mapping[Kept, Remove]] = MappingProxyType(
    {Kept.TEMPLATES: _templates, Kept.RECORDS: _person}
)
_OF_EXAMS: Final[Mapping[Kept, Remove]] = MappingProxyType(
    {
        Kept.EVIDENCE: _pictures,
        Kept.FEATURES: _features,
        Kept.ALERTS: _alerts,
        Kept.RECORDS: _records,
    }
)
