"""Finds and creates candidates. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from coordinator.candidates.former import former_hash
from coordinator.candidates.tables import Candidate, FormerReference
from coordinator.ground.acting import concerns
from coordinator.ground.database import insert_once
from coordinator.ground.ids import uuid7
from coordinator.sessions.tables import ExamSession
from shared.errors import Rejected


def find(db: Session, tenant_id: UUID, reference: str) -> Candidate | None:
    """The institution's candidate with this name, if known."""
    wanted = select(Candidate).where(Candidate.tenant_id == tenant_id, Candidate.reference == reference)
    found = db.exec(wanted).one_or_none()
    if found is not None:
        concerns(tenant_id, candidate_id=found.id)
    return found


def known(db: Session, tenant_id: UUID, reference: str) -> Candidate:
    """The institution's candidate with this name. Raises `Rejected` (404 `candidate-unknown`)."""
    found = find(db, tenant_id, reference)
    if found is None:
        raise _unknown()
    return found


def propose(db: Session, tenant_id: UUID, reference: str, now_utc: datetime) -> Candidate:
    """The institution's candidate with this name, or a new one that is not stored yet: `keep` it."""
    return find(db, tenant_id, reference) or _new(tenant_id, reference, now_utc)


def keep(db: Session, candidate: Candidate) -> bool:
    """Store a proposed candidate; False if another request created the same one first."""
    insert_once(db, candidate)
    stored = find(db, candidate.tenant_id, candidate.reference)
    return stored is not None and stored.id == candidate.id


def references(db: Session, candidate_ids: Collection[UUID]) -> dict[UUID, str]:
    """The institution's names of candidates, by id."""
    wanted = select(Candidate.id, Candidate.reference).where(col(Candidate.id).in_(candidate_ids))
    return dict(db.exec(wanted).all())


def present_names(db: Session, session_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """The institution's names of these sessions and of their candidates, by session; without erased ones."""
    wanted = (
        select(ExamSession.id, ExamSession.reference, Candidate.reference)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .where(
            col(ExamSession.id).in_(session_ids),
            col(ExamSession.erased_utc).is_(None),
            col(Candidate.erased_utc).is_(None),
        )
    )
    return {session_id: (session, candidate) for session_id, session, candidate in db.exec(wanted)}


def rename(db: Session, candidate: Candidate, reference: str, now_utc: datetime) -> None:
    """Give a locked candidate another name. Raises `Rejected` (409 `reference-taken`) if another person has
    it: two people are never merged."""
    if find(db, candidate.tenant_id, reference) is not None:
        raise _taken()
    _keep_former(db, candidate, None, former_hash(candidate.id, candidate.reference), now_utc)
    candidate.reference = reference
    db.add(candidate)
    try:
        db.flush()
    except IntegrityError as error:  # another transaction has just given it to somebody
        raise _taken() from error
    concerns(candidate.tenant_id, candidate_id=candidate.id)


def rename_session(
    db: Session, candidate: Candidate, session: ExamSession, reference: str, now_utc: datetime
) -> None:
    """Give a session of a locked candidate another name. Raises `Rejected` (409 `reference-taken`) if another
    session has it."""
    used = select(ExamSession.id).where(
        ExamSession.tenant_id == session.tenant_id, ExamSession.reference == reference
    )
    if db.exec(used).first() is not None:
        raise _session_taken()
    _keep_former(db, candidate, session.id, former_hash(session.id, session.reference), now_utc)
    session.reference = reference
    db.add(session)
    try:
        db.flush()
    except IntegrityError as error:  # another transaction has just given it to a session
        raise _session_taken() from error


def _keep_former(
    db: Session, candidate: Candidate, session_id: UUID | None, reference_hash: bytes, now_utc: datetime
) -> None:
    mine = (FormerReference.candidate_id == candidate.id, FormerReference.reference_hash == reference_hash)
    row = db.exec(select(FormerReference).where(*mine)).one_or_none()
    if row is None:
        row = FormerReference(
            tenant_id=candidate.tenant_id,
            candidate_id=candidate.id,
            session_id=session_id,
            reference_hash=reference_hash,
            corrected_utc=now_utc,
        )
    row.corrected_utc = now_utc  # also of a name that came back: a restore asks what was corrected since
    db.add(row)
    db.flush()


def former_of(db: Session, candidate_ids: Collection[UUID]) -> dict[UUID, frozenset[bytes]]:
    """The hashes of former names, their sessions' too, by candidate; without those who have none."""
    wanted = select(FormerReference).where(col(FormerReference.candidate_id).in_(candidate_ids))
    found: dict[UUID, set[bytes]] = {}
    for row in db.exec(wanted):
        found.setdefault(row.candidate_id, set()).add(row.reference_hash)
    return {candidate_id: frozenset(hashes) for candidate_id, hashes in found.items()}


def lock(db: Session, candidate: Candidate) -> None:
    """Lock a stored candidate until the transaction ends. Raises `Rejected` (404 `candidate-unknown`) if it
    was erased or got another name meanwhile."""
    wanted = select(Candidate.erased_utc, Candidate.reference).where(Candidate.id == candidate.id)
    erased_utc, reference = db.exec(wanted.with_for_update(key_share=True)).one()
    if erased_utc is not None or reference != candidate.reference:
        raise _unknown()


def lock_all(db: Session, candidate_ids: Collection[UUID]) -> None:
    """The same for several."""
    wanted = select(Candidate.id).where(col(Candidate.id).in_(candidate_ids)).order_by(col(Candidate.id))
    db.exec(wanted.with_for_update(key_share=True)).all()


def get_or_make(
    db: Session, tenant_id: UUID, reference: str, now_utc: datetime, *, may_be_new: bool
) -> Candidate:
    """The institution's candidate with this name, created on first use.

    Raises `Rejected` (404 `candidate-unknown`) if it is new and may not be created, because the id may be a
    typing error.
    """
    found = find(db, tenant_id, reference)
    if found is not None:
        return found
    if not may_be_new:
        raise Rejected(
            "there is no candidate with this id; enroll the candidate first, or set allow_unregistered",
            code="candidate-unknown",
            status=404,
        )
    insert_once(db, _new(tenant_id, reference, now_utc))
    made = find(db, tenant_id, reference)
    if made is None:
        raise RuntimeError("a candidate just inserted is not there")
    return made


def _new(tenant_id: UUID, reference: str, now_utc: datetime) -> Candidate:
    return Candidate(id=uuid7(), tenant_id=tenant_id, reference=reference, created_utc=now_utc)


def _taken() -> Rejected:
    return Rejected(
        "another candidate has this id already, and two people are never merged; nothing was changed",
        code="reference-taken",
        status=409,
    )


def _session_taken() -> Rejected:
    return Rejected(
        "another session has this id already; nothing was changed", code="reference-taken", status=409
    )


def _unknown() -> Rejected:
    return Rejected("there is no candidate with this id", code="candidate-unknown", status=404)
