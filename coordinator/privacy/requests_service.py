"""Candidates' requests to be erased, in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import concerns
from coordinator.privacy.tables import ErasureRequest, RequestState
from coordinator.web_api.cursors import Cursor, cut
from shared.api.privacy import RequestRefusal
from shared.errors import Rejected


def ask(db: Session, candidate: Candidate, now_utc: datetime) -> ErasureRequest:
    """Record a candidate's request; one that waits already stays the only one."""
    candidates.lock(db, candidate)
    waiting = select(ErasureRequest).where(
        ErasureRequest.candidate_id == candidate.id, ErasureRequest.state == RequestState.WAITING
    )
    found = db.exec(waiting).first()
    if found is not None:
        return found
    row = ErasureRequest(
        tenant_id=candidate.tenant_id,
        candidate_id=candidate.id,
        asked_utc=now_utc,
        state=RequestState.WAITING,
    )
    db.add(row)
    db.flush()
    return row


def waiting(db: Session, tenant_id: UUID, request_id: UUID) -> ErasureRequest:
    """A request that waits, locked. Raises `Rejected`: 404 `request-unknown`, 409 `decided-already`."""
    wanted = select(ErasureRequest).where(
        ErasureRequest.id == request_id, ErasureRequest.tenant_id == tenant_id
    )
    row = db.exec(wanted.with_for_update()).one_or_none()
    if row is None:
        raise Rejected("there is no request with this id", code="request-unknown", status=404)
    concerns(tenant_id, candidate_id=row.candidate_id)
    if row.state is not RequestState.WAITING:
        raise Rejected("this has already been decided", code="decided-already", status=409)
    return row


def refuse(db: Session, row: ErasureRequest, reason: RequestRefusal, now_utc: datetime) -> None:
    """Refuse a request."""
    row.state, row.refusal, row.decided_utc = RequestState.REFUSED, reason, now_utc
    db.add(row)
    db.flush()


def page(
    db: Session, tenant_id: UUID, after: Cursor | None, limit: int
) -> tuple[Sequence[ErasureRequest], Cursor | None]:
    """An institution's requests, oldest first, and the next page's cursor."""
    place = (col(ErasureRequest.asked_utc), col(ErasureRequest.id))
    wanted = select(ErasureRequest).where(ErasureRequest.tenant_id == tenant_id)
    if after is not None:
        wanted = wanted.where(tuple_(*place) > after)
    rows = db.exec(wanted.order_by(*place).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: Cursor(row.asked_utc, row.id))


def of_candidate(db: Session, candidate: Candidate) -> Sequence[ErasureRequest]:
    """A candidate's requests, oldest first."""
    wanted = select(ErasureRequest).where(ErasureRequest.candidate_id == candidate.id)
    return db.exec(wanted.order_by(col(ErasureRequest.asked_utc))).all()


def names(db: Session, rows: Sequence[ErasureRequest]) -> dict[UUID, str]:
    """The institution's ids of the candidates who asked and are not erased."""
    wanted = select(Candidate.id, Candidate.reference).where(
        col(Candidate.id).in_({row.candidate_id for row in rows}), col(Candidate.erased_utc).is_(None)
    )
    return dict(db.exec(wanted).all())
