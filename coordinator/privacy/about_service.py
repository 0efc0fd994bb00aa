"""Finds everything about one person: counts it, deletes it. Flushes, never commits.

Each statement finds its rows by the ids of the person and of its sessions, so it can be run again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, delete, select, tuple_, update

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.alerts.tables import StoredAlert
from coordinator.arriving.tables import ParkedMessage
from coordinator.candidates.tables import FormerReference
from coordinator.consents.tables import Consent
from coordinator.destinations.tables import Delivery
from coordinator.enrollments.face_tables import FacePair, PracticeCheck
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.evidence.tables import Evidence
from coordinator.features.tables import FeatureBatch
from coordinator.ground.columns import Row
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.privacy.places import ERASED
from coordinator.reviews.tables import ReviewAct, VerdictFinding
from coordinator.sessions.tables import Acknowledgement, Device, ExamSession, JoinCode, SessionPolicy
from shared.alerts import AlertHeader
from shared.bundles import unbundled
from shared.deliveries import DeliveryKind
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.sealing import unpack

_PLACE: Final = (
    col(ParkedMessage.node_id),
    col(ParkedMessage.outbox_id),
    col(ParkedMessage.lane),
    col(ParkedMessage.sequence),
)
Where = tuple[type[Row], ColumnElement[bool]]


def remove(db: Session, tenant_id: UUID, candidate_id: UUID, session_ids: Collection[UUID]) -> Counter[str]:
    """Delete every row about a person that does not stay as a tombstone; returns how many, by kind."""
    counts: Counter[str] = Counter()
    mine = col(ExamSession.id).in_(session_ids)
    db.exec(update(ExamSession).where(mine).values(enrollment_id=None))
    for table, where in rows_about(tenant_id, candidate_id, session_ids):
        counts[_kind(table)] += db.exec(delete(table).where(where)).rowcount
    counts["alerts"] += _forget_parked(db, frozenset(session_ids))
    return counts


def stored(db: Session, tenant_id: UUID, candidate_id: UUID, session_ids: Collection[UUID]) -> Counter[str]:
    """How many rows there are about a person, by kind."""
    counts: Counter[str] = Counter()
    for table, where in rows_about(tenant_id, candidate_id, session_ids):
        counts[_kind(table)] += db.exec(select(func.count()).select_from(table).where(where)).one()
    return counts


def forget_answers(db: Session, tenant_id: UUID, reference: str) -> int:
    """Delete the answers kept for repeated requests about a candidate of this name."""
    where = col(KeptAnswer.tenant_id) == tenant_id, col(KeptAnswer.candidate_reference) == reference
    return db.exec(delete(KeptAnswer).where(*where)).rowcount


def rows_about(tenant_id: UUID, candidate_id: UUID, session_ids: Collection[UUID]) -> Iterator[Where]:
    """Where each table has rows about a person: those that refer to others before these."""
    incidents = select(Incident.id).where(col(Incident.session_id).in_(session_ids))
    acts = select(ReviewAct.id).where(col(ReviewAct.incident_id).in_(incidents))
    enrollments = select(Enrollment.id).where(col(Enrollment.candidate_id) == candidate_id)
    yield VerdictFinding, col(VerdictFinding.act_id).in_(acts)
    yield ReviewAct, col(ReviewAct.incident_id).in_(incidents)
    yield IncidentAlert, col(IncidentAlert.incident_id).in_(incidents)
    for table in (
        Incident,
        Evidence,
        FeatureBatch,
        StoredAlert,
        SessionPolicy,
        JoinCode,
        Device,
        Acknowledgement,
    ):
        yield table, col(table.session_id).in_(session_ids)
    yield Delivery, col(Delivery.session_id).in_(session_ids) & ~_still_told()
    yield (
        FacePair,
        or_(col(FacePair.candidate_id) == candidate_id, col(FacePair.other_id) == candidate_id),
    )
    yield FaceTemplate, col(FaceTemplate.enrollment_id).in_(enrollments)
    yield EnrollmentPicture, col(EnrollmentPicture.enrollment_id).in_(enrollments)
    for owned in (PracticeCheck, Enrollment, AccommodationVersion, Consent, FormerReference, LegalHold):
        yield owned, col(owned.candidate_id) == candidate_id


def _still_told() -> ColumnElement[bool]:
    """What a destination is told although the person is erased: of the erasure, and before it by which name
    it is told of that."""
    renamed = col(Delivery.kind) == DeliveryKind.SESSION_CORRECTED
    return or_(
        col(Delivery.kind) == DeliveryKind.PERSON_ERASED, renamed & col(Delivery.told_sealed).is_not(None)
    )


def _kind(table: type[Row]) -> str:
    return ERASED[str(table.__tablename__)]


def _forget_parked(db: Session, session_ids: frozenset[UUID]) -> int:
    """Delete the parked messages of these sessions, which only their clear headers name."""
    theirs = [
        (row.node_id, row.outbox_id, row.lane, row.sequence)
        for row in db.exec(select(ParkedMessage)).yield_per(100)
        if _session_of(row.message) in session_ids
    ]
    for found in theirs:
        db.exec(delete(ParkedMessage).where(tuple_(*_PLACE) == found))
    return len(theirs)


def _session_of(message: bytes) -> UUID | None:
    try:
        return parse(AlertHeader, unpack(unbundled(message).message).header).session_id
    except Corrupt:
        return None
