"""Places, finds, lists and releases legal holds. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, tuple_

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.enrollments.tables import Enrollment
from coordinator.exams import service as exams
from coordinator.ground.acting import concerns
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.holds.covering import Hold, held
from coordinator.holds.tables import LegalHold
from coordinator.incidents import service as incidents
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import Tenant
from coordinator.web_api.cursors import Cursor, cut
from shared.api.holds import LegalHoldRequest
from shared.errors import Rejected
from shared.holds import HeldThing
from shared.tokens import Claims


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldQuery:
    """Selects holds of an institution."""

    tenant_id: UUID
    candidate_id: UUID | None = None
    """Those that keep something of this person; None does not filter."""
    in_force_utc: datetime | None = None
    """Those in force at this instant; None: the others too."""
    after: Cursor | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class _Found:
    """What a request for a hold names."""

    thing: HeldThing
    candidate_id: UUID | None = None
    exam_reference: str | None = None


def place(
    db: Session, keyring: Keyring, claims: Claims, request: LegalHoldRequest, now_utc: datetime
) -> LegalHold:
    """Place a hold.

    Raises `Rejected`: 404 if there is no such person, exam or incident, 422 `hold-over` if it would end
    before now.
    """
    if request.until is not None and request.until <= now_utc:
        raise Rejected(
            "a hold must end later than now",
            code="hold-over",
            status=422,
            errors=[{"path": "body.until", "message": "must be in the future"}],
        )
    row_id, found = uuid7(), _found(db, claims.tenant_id, request)
    row = LegalHold(
        id=row_id,
        tenant_id=claims.tenant_id,
        thing=found.thing,
        candidate_id=found.candidate_id,
        exam_reference=found.exam_reference,
        incident_id=request.incident_id,
        reason_sealed=keyring.wrap(_place(row_id), request.reason.encode()),
        held_by=claims.subject,
        held_utc=now_utc,
        until_utc=request.until,
    )
    db.add(row)
    db.flush()
    return row


def settle(db: Session, candidate_ids: Collection[UUID]) -> None:
    """Let a hold that is placed on an exam of these persons' institutions wait until the commit: it keeps
    nothing of what is erased in this transaction. Call it before the persons are locked."""
    theirs = select(Candidate.tenant_id).where(col(Candidate.id).in_(candidate_ids))
    wanted = select(Tenant.id).where(col(Tenant.id).in_(theirs)).order_by(col(Tenant.id))
    db.exec(wanted.with_for_update(read=True)).all()


def _found(db: Session, tenant_id: UUID, request: LegalHoldRequest) -> _Found:
    if request.candidate_id is not None:
        candidate = candidates.known(db, tenant_id, request.candidate_id)
        candidates.lock(db, candidate)  # an erasure that is about to begin sees this hold, or is seen here
        return _Found(HeldThing.CANDIDATE, candidate.id)
    if request.exam_id is not None:
        # What is being erased now is gone when the hold is placed, and nothing after it.
        db.exec(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True)).one()
        _check_exam(db, tenant_id, request.exam_id)
        return _Found(HeldThing.EXAM, exam_reference=request.exam_id)
    assert request.incident_id is not None
    found = incidents.find(db, tenant_id, request.incident_id)
    candidates.lock(db, found.candidate)
    return _Found(HeldThing.INCIDENT, found.candidate.id, found.session.exam_reference)


def _check_exam(db: Session, tenant_id: UUID, reference: str) -> None:
    """Sessions may name an exam that nobody has created."""
    sat = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id, ExamSession.exam_reference == reference
    )
    if db.exec(sat.limit(1)).one_or_none() is None:
        exams.find(db, tenant_id, reference)


def release(db: Session, tenant_id: UUID, hold_id: UUID, by: str, now_utc: datetime) -> LegalHold:
    """Release a hold; one that was released before stays as it is. Raises `Rejected` (404 `hold-unknown`)."""
    row = find(db, tenant_id, hold_id, to_change=True)
    if row.released_utc is None:
        row.released_utc, row.released_by = now_utc, by
        db.add(row)
        db.flush()
    return row


def find(db: Session, tenant_id: UUID, hold_id: UUID, *, to_change: bool = False) -> LegalHold:
    """The institution's hold. Raises `Rejected` (404 `hold-unknown`)."""
    wanted = select(LegalHold).where(LegalHold.id == hold_id, LegalHold.tenant_id == tenant_id)
    row = db.exec(wanted.with_for_update() if to_change else wanted).one_or_none()
    if row is None:
        raise Rejected("there is no legal hold with this id", code="hold-unknown", status=404)
    if row.candidate_id is not None:
        concerns(tenant_id, candidate_id=row.candidate_id)
    return row


def page(db: Session, query: HoldQuery) -> tuple[list[LegalHold], Cursor | None]:
    """Holds, oldest first, and the next page's cursor."""
    order = (col(LegalHold.held_utc), col(LegalHold.id))
    wanted = select(LegalHold).where(LegalHold.tenant_id == query.tenant_id)
    if query.in_force_utc is not None:
        until = col(LegalHold.until_utc)
        wanted = wanted.where(
            col(LegalHold.released_utc).is_(None), until.is_(None) | (until > query.in_force_utc)
        )
    if query.candidate_id is not None:
        wanted = wanted.where(_may_keep(query.candidate_id, _exams_of(db, query.candidate_id)))
    if query.after is not None:
        wanted = wanted.where(tuple_(*order) > query.after)
    rows = db.exec(wanted.order_by(*order).limit(query.limit + 1)).all()
    shown, following = cut(rows, query.limit, lambda row: Cursor(row.held_utc, row.id))
    return list(shown), following


def on_person(db: Session, tenant_id: UUID, candidate_id: UUID, now_utc: datetime) -> tuple[Hold, ...]:
    """The holds in force that keep something of a person: on the person, on an exam that they sat or were
    enrolled for, on one of their incidents."""
    exam_references = _exams_of(db, candidate_id)
    wanted = select(LegalHold).where(
        LegalHold.tenant_id == tenant_id,
        col(LegalHold.released_utc).is_(None),
        _may_keep(candidate_id, exam_references),
    )
    return held([hold_of(row) for row in db.exec(wanted)], candidate_id, exam_references, now_utc)


def check_none(
    db: Session, keyring: Keyring, candidate: Candidate, now_utc: datetime, *, with_reason: bool = True
) -> None:
    """Lock a candidate, of whom something is about to be erased.

    Raises `Rejected`: 409 `legal-hold` while a hold keeps something of this person, 404 `candidate-unknown`
    if it was just erased. `with_reason`: say why, which is not for the candidate.
    """
    settle(db, [candidate.id])
    candidates.lock(db, candidate)
    found = on_person(db, candidate.tenant_id, candidate.id, now_utc)
    if found:
        why = reasons(db, keyring, [one.id for one in found])
        said = f": {'; '.join(why[one.id] for one in found)}" if with_reason else ""
        raise Rejected(f"a legal hold keeps this person's data{said}", code="legal-hold", status=409)


def living(db: Session, tenant_id: UUID) -> tuple[Hold, ...]:
    """Every hold of an institution that was not released; some may have ended by themselves."""
    wanted = select(LegalHold).where(LegalHold.tenant_id == tenant_id, col(LegalHold.released_utc).is_(None))
    return tuple(hold_of(row) for row in db.exec(wanted))


def reasons(db: Session, keyring: Keyring, hold_ids: Collection[UUID]) -> dict[UUID, str]:
    """Why these holds were placed."""
    rows = db.exec(select(LegalHold).where(col(LegalHold.id).in_(hold_ids)))
    return {row.id: reason_of(keyring, row) for row in rows}


def reason_of(keyring: Keyring, row: LegalHold) -> str:
    """Why a hold was placed."""
    return keyring.unwrap(_place(row.id), row.reason_sealed).decode()


def candidate_names(db: Session, rows: Collection[LegalHold]) -> Mapping[UUID, str]:
    """The institution's ids of the candidates that these holds name and that still exist."""
    ids = {row.candidate_id for row in rows if row.candidate_id is not None}
    return candidates.references(db, ids)


def hold_of(row: LegalHold) -> Hold:
    """A row as the value that `covering` decides on."""
    return Hold(
        id=row.id,
        thing=row.thing,
        candidate_id=row.candidate_id,
        exam_reference=row.exam_reference,
        incident_id=row.incident_id,
        held_by=row.held_by,
        held_utc=row.held_utc,
        until_utc=row.until_utc,
        released_utc=row.released_utc,
    )


def _may_keep(candidate_id: UUID, exam_references: Collection[str]) -> ColumnElement[bool]:
    on_exam = col(LegalHold.candidate_id).is_(None) & col(LegalHold.exam_reference).in_(exam_references)
    return or_(col(LegalHold.candidate_id) == candidate_id, on_exam)


def _exams_of(db: Session, candidate_id: UUID) -> frozenset[str]:
    sat = select(ExamSession.exam_reference).where(ExamSession.candidate_id == candidate_id).distinct()
    enrolled = select(Enrollment.exam_reference).where(Enrollment.candidate_id == candidate_id).distinct()
    return frozenset(db.exec(sat)) | frozenset(db.exec(enrolled))


def _place(row_id: UUID) -> Place:
    return Place("legal_holds", "reason_sealed", row_id)
