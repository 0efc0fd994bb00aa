"""Reads what `planning` decides on: what is left of persons and their exams. Changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select as select_columns
from sqlmodel import Session, col, exists, func, select

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.alerts.tables import StoredAlert
from coordinator.candidates.tables import Candidate
from coordinator.consents.tables import Consent
from coordinator.enrollments.face_tables import FacePair, PracticeCheck
from coordinator.enrollments.tables import Enrollment
from coordinator.evidence.tables import Evidence
from coordinator.exams.tables import Exam
from coordinator.features import service as features
from coordinator.features.tables import FeatureBatch
from coordinator.ground.columns import UtcDateTime
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.keys.tables import Key, RetentionClass
from coordinator.retention.planning import ExamFacts, PersonFacts
from coordinator.reviews.states import Act
from coordinator.reviews.tables import ReviewAct
from coordinator.sessions.tables import ExamSession
from shared.policy.terms import Retention
from shared.retention import Kept, longest

UNUSED: Final = timedelta(days=365)
"""How long an accommodation or a face waits for an exam that nobody has sat, unless it ends earlier."""
_CLASSES: Final[Mapping[RetentionClass, Kept]] = MappingProxyType(
    {
        RetentionClass.TEMPLATE: Kept.TEMPLATES,
        RetentionClass.EXAM: Kept.ALERTS,
        RetentionClass.EVIDENCE: Kept.EVIDENCE,
        RetentionClass.FEATURES: Kept.FEATURES,
    }
)


@dataclass(slots=True)
class _OfExam:
    """What is found of one person's exam."""

    ends: list[datetime] = field(default_factory=list)
    """Of its sessions."""
    waits: list[datetime] = field(default_factory=list)
    """Until when it may still be sat, for an exam without sessions."""
    terms: list[Retention] = field(default_factory=list)
    under_review: bool = False
    left: set[Kept] = field(default_factory=set)
    log_withdrawn: datetime | None = None


@dataclass(slots=True)
class _OfPerson:
    """What is found of one person."""

    known: list[datetime]
    left: set[Kept]
    exams: defaultdict[str, _OfExam] = field(default_factory=lambda: defaultdict(_OfExam))
    enrolled_exams: set[str] = field(default_factory=set)
    used: set[UUID] = field(default_factory=set)
    """Enrollments with which a session started."""
    unused_until: datetime | None = None
    face_waits: bool = False


def people(db: Session, after: UUID | None, limit: int, tenant_id: UUID | None = None) -> list[UUID]:
    """The next candidates, by id."""
    wanted = select(Candidate.id).where(col(Candidate.erased_utc).is_(None))
    if after is not None:
        wanted = wanted.where(col(Candidate.id) > after)
    if tenant_id is not None:
        wanted = wanted.where(Candidate.tenant_id == tenant_id)
    return list(db.exec(wanted.order_by(col(Candidate.id)).limit(limit)))


def gather(db: Session, candidate_ids: Collection[UUID], now_utc: datetime) -> list[PersonFacts]:
    """The facts of these persons, by id."""
    wanted = select(Candidate).where(col(Candidate.id).in_(candidate_ids)).order_by(col(Candidate.id))
    rows = db.exec(wanted).all()
    found = {
        row.id: _OfPerson([row.created_utc], {Kept.RECORDS} if row.erased_utc is None else set())
        for row in rows
    }
    _read_sessions(db, found, now_utc)
    _read_accommodations(db, found)
    _read_keys(db, found)
    _read_withdrawn(db, found)
    _read_faces(db, found)
    said = select(Consent.candidate_id, func.max(Consent.created_utc)).where(
        col(Consent.candidate_id).in_(found)
    )
    for candidate_id, at_utc in db.exec(said.group_by(col(Consent.candidate_id))):
        found[candidate_id].known.append(at_utc)
    return [_person(row.tenant_id, row.id, found[row.id]) for row in rows]


def _person(tenant_id: UUID, candidate_id: UUID, one: _OfPerson) -> PersonFacts:
    return PersonFacts(
        tenant_id=tenant_id,
        candidate_id=candidate_id,
        exams=tuple(_exam(name, exam) for name, exam in sorted(one.exams.items())),
        named_exams=frozenset(one.exams) | frozenset(one.enrolled_exams),
        known_utc=max(one.known),
        unused_until_utc=one.unused_until,
        face_waits=one.face_waits,
        left=frozenset(one.left),
    )


def _exam(name: str, one: _OfExam) -> ExamFacts:
    return ExamFacts(
        exam=name,
        over_utc=max(one.ends or one.waits),
        days=longest(one.terms),
        under_review=one.under_review,
        left=frozenset(one.left),
        log_withdrawn_utc=one.log_withdrawn,
    )


def _read_sessions(db: Session, found: dict[UUID, _OfPerson], now_utc: datetime) -> None:
    mine = col(ExamSession.id)
    alerts = exists().where(_of_tenant(StoredAlert), col(StoredAlert.session_id) == mine)
    incidents = exists().where(col(Incident.session_id) == mine)
    details = func.length(ExamSession.details_sealed) > 0
    pictures = exists().where(col(Evidence.session_id) == mine, func.length(Evidence.body_sealed) > 0)
    logged = exists().where(col(FeatureBatch.session_id) == mine)
    review = exists().where(col(Incident.session_id) == mine, _under_review(now_utc))
    wanted = select_columns(
        col(ExamSession.candidate_id),
        col(ExamSession.exam_reference),
        func.coalesce(ExamSession.ended_utc, ExamSession.expires_utc, type_=UtcDateTime),
        col(ExamSession.policy)["retention"],
        col(ExamSession.enrollment_id),
        review,
        (alerts | incidents | details).label("alerts"),
        pictures,
        logged,
        col(ExamSession.erased_utc).is_(None),
    ).where(col(ExamSession.tenant_id).in_(_tenants(found)), col(ExamSession.candidate_id).in_(found))
    for candidate_id, exam, end_utc, terms, enrollment_id, under_review, *left in db.execute(wanted):
        one = found[candidate_id].exams[exam]
        one.ends.append(end_utc)
        one.terms.append(Retention.model_validate(terms or {}))
        one.under_review |= under_review
        classes = (Kept.ALERTS, Kept.EVIDENCE, Kept.FEATURES, Kept.RECORDS)
        one.left |= {kept for kept, there in zip(classes, left, strict=True) if there}
        if enrollment_id is not None:
            found[candidate_id].used.add(enrollment_id)


def _under_review(now_utc: datetime) -> ColumnElement[bool]:
    reopened = exists().where(
        col(ReviewAct.incident_id) == col(Incident.id), col(ReviewAct.act) == Act.REOPEN
    )
    return or_(
        col(Incident.state).in_((State.SECONDING, State.APPEALED)),
        col(Incident.claim_expires_utc) > now_utc,
        col(Incident.effective_utc) > now_utc,
        and_(col(Incident.state) == State.OPEN, reopened),
    )


def _read_accommodations(db: Session, found: dict[UUID, _OfPerson]) -> None:
    wanted = (
        select(AccommodationVersion.candidate_id, Exam, func.max(AccommodationVersion.created_utc))
        .join(Exam, col(Exam.id) == col(AccommodationVersion.exam_id))
        .where(col(AccommodationVersion.candidate_id).in_(found))
        .group_by(col(AccommodationVersion.candidate_id), col(Exam.id))
    )
    for candidate_id, exam, at_utc in db.exec(wanted):
        one = found[candidate_id].exams[exam.reference]
        one.waits.append(exam.closes_utc or at_utc + UNUSED)
        one.left.add(Kept.ALERTS)


def _read_keys(db: Session, found: dict[UUID, _OfPerson]) -> None:
    wanted = select(Key.candidate_id, Key.retention_class, Key.scope, Key.created_utc).where(
        col(Key.tenant_id).in_(_tenants(found)),
        col(Key.candidate_id).in_(found),
        col(Key.destroyed_utc).is_(None),
    )
    for candidate_id, kind, scope, created_utc in db.exec(wanted):
        person = found[candidate_id]
        kept = _CLASSES.get(RetentionClass(kind))
        if kept is Kept.TEMPLATES:
            person.left.add(kept)
        elif kept is not None:
            person.exams[scope].left.add(kept)
            person.exams[scope].waits.append(created_utc + UNUSED)


def _read_withdrawn(db: Session, found: dict[UUID, _OfPerson]) -> None:
    for candidate_id, of_exams in features.withdrawn_of(db, found).items():
        known = found[candidate_id].exams
        for exam, at_utc in of_exams.items():
            if exam in known:
                known[exam].log_withdrawn = at_utc


def _read_faces(db: Session, found: dict[UUID, _OfPerson]) -> None:
    newest: dict[UUID, Enrollment] = {}
    order = (col(Enrollment.in_force_utc), col(Enrollment.id))
    for row in db.exec(
        select(Enrollment)
        .where(col(Enrollment.tenant_id).in_(_tenants(found)), col(Enrollment.candidate_id).in_(found))
        .order_by(*order)
    ):
        person = found[row.candidate_id]
        person.left.add(Kept.TEMPLATES)
        person.enrolled_exams.add(row.exam_reference)
        person.face_waits |= row.in_force_utc is None and row.decided_utc is None
        if row.in_force_utc is not None:
            newest[row.candidate_id] = row
    for candidate_id, row in newest.items():
        if row.id not in found[candidate_id].used:
            found[candidate_id].unused_until = row.expires_utc or row.created_utc + UNUSED
    checked = select(PracticeCheck.candidate_id).where(col(PracticeCheck.candidate_id).in_(found))
    paired = [
        select(column).where(column.in_(found))
        for column in (col(FacePair.candidate_id), col(FacePair.other_id))
    ]
    for one in (checked, *paired):
        for candidate_id in db.exec(one.distinct()):
            found[candidate_id].left.add(Kept.TEMPLATES)


def _tenants(found: Iterable[UUID]) -> Any:
    return select(Candidate.tenant_id).where(col(Candidate.id).in_(list(found))).distinct()


def _of_tenant(table: Any) -> ColumnElement[bool]:
    return col(table.tenant_id) == col(ExamSession.tenant_id)
