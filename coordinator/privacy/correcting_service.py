"""Corrects the name of a person or of a session: the institution's identifier. Flushes, never commits.

All that refers to the person by its random id stays as it is. Where its name was written as whose word
something is, the present one stands afterwards. Its own tokens have the former name and are revoked: whoever
registers under that name next is another person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select, update

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents.tables import Consent
from coordinator.destinations import outbox_service as outbox
from coordinator.ground.keyring import Keyring
from coordinator.idempotency.tables import KeptAnswer
from coordinator.incidents.tables import Incident
from coordinator.privacy.places import tombstone
from coordinator.reviews.states import Act
from coordinator.reviews.tables import ReviewAct
from coordinator.sessions import service as sessions
from coordinator.sessions.tables import ExamSession
from coordinator.tokens.tables import IssuedToken
from shared.errors import Rejected
from shared.tokens import Role

BY: Final = "correction"
"""Who revokes the tokens with a former name."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction came to."""

    candidate_id: UUID
    tokens: int
    """Revoked: they had the former name."""
    recipients: int
    """Destinations that are told."""


def correct(
    db: Session, keyring: Keyring, candidate: Candidate, reference: str, now_utc: datetime
) -> Corrected:
    """Correct a person's name. Raises `Rejected`: 409 `reference-taken` if somebody has it, 409
    `session-active` while a session runs, whose page and node have the former name."""
    former = candidate.reference
    candidates.lock(db, candidate)
    if former == reference:
        return Corrected(candidate.id, 0, 0)
    if sessions.active_count(db, candidate.id, now_utc):
        raise _running("a session of this candidate is running under the former name; wait for its end")
    candidates.rename(db, candidate, reference, now_utc)
    _rewrite(db, candidate, former)
    sat = db.exec(select(ExamSession).where(ExamSession.candidate_id == candidate.id)).all()
    recipients = outbox.note_correction(db, keyring, sat, (former, reference), now_utc)
    tokens = _revoke(db, candidate, former, now_utc)
    return Corrected(candidate.id, tokens, recipients)


@dataclass(frozen=True, slots=True)
class CorrectedSession:
    """What the correction of a session's name came to."""

    session_id: UUID
    recipients: int
    """Destinations that are told."""


def correct_session(
    db: Session, keyring: Keyring, session: ExamSession, reference: str, now_utc: datetime
) -> CorrectedSession:
    """Correct a session's name. Raises `Rejected`: 409 `reference-taken` if another session has it, 409
    `session-active` while it runs, because its page and node have the former name, 404 `session-unknown` if
    it got another name meanwhile."""
    candidate, former = db.get_one(Candidate, session.candidate_id), session.reference
    candidates.lock(db, candidate)
    db.refresh(session)
    if session.reference != former:
        raise sessions.unknown()
    if former == reference:
        return CorrectedSession(session.id, 0)
    if session.ended_utc is None and session.expires_utc > now_utc:
        raise _running("the session is running under the former name; wait for its end")
    candidates.rename_session(db, candidate, session, reference, now_utc)
    recipients = outbox.note_session_correction(db, keyring, session, former, now_utc)
    return CorrectedSession(session.id, recipients)


def correct_again(db: Session, names: Sequence[tuple[Candidate, str]]) -> None:
    """Correct names in a restored database; what else a correction does was done before it was lost."""
    former = [candidate.reference for candidate, _ in names]
    _rename_again(db, names)
    for (candidate, _), before in zip(names, former, strict=True):
        _rewrite(db, candidate, before)


def correct_sessions_again(db: Session, names: Sequence[tuple[ExamSession, str]]) -> None:
    """The same with names of sessions."""
    _rename_again(db, names)


def _rename_again(db: Session, names: Sequence[tuple[Candidate | ExamSession, str]]) -> None:
    for row, _ in names:  # two of them may have exchanged a name
        row.reference = tombstone(row.id)
    db.flush()
    for row, reference in names:
        row.reference = reference
    db.flush()


def _running(why: str) -> Rejected:
    return Rejected(why, code="session-active", status=409)


def _rewrite(db: Session, candidate: Candidate, former: str) -> None:
    """Where a person's own word is written under its name, and the answers kept about it."""
    sat = select(ExamSession.id).where(ExamSession.candidate_id == candidate.id)
    mine = select(Incident.id).where(col(Incident.session_id).in_(sat))
    now = candidate.reference
    db.exec(
        update(Consent)
        .where(col(Consent.candidate_id) == candidate.id, col(Consent.recorded_by) == former)
        .values(recorded_by=now)
    )
    db.exec(
        update(ReviewAct)
        .where(
            col(ReviewAct.incident_id).in_(mine),
            col(ReviewAct.act) == Act.APPEAL,
            col(ReviewAct.actor) == former,
        )
        .values(actor=now)
    )
    db.exec(
        update(KeptAnswer)
        .where(
            col(KeptAnswer.tenant_id) == candidate.tenant_id, col(KeptAnswer.candidate_reference) == former
        )
        .values(candidate_reference=now)
    )


def _revoke(db: Session, candidate: Candidate, former: str, now_utc: datetime) -> int:
    theirs = (
        col(IssuedToken.tenant_id) == candidate.tenant_id,
        col(IssuedToken.role) == Role.CANDIDATE,
        col(IssuedToken.subject) == former,
    )
    living = update(IssuedToken).where(*theirs, col(IssuedToken.revoked_utc).is_(None))
    done = db.exec(living.values(revoked_utc=now_utc, revoked_by=BY))
    db.exec(update(IssuedToken).where(*theirs).values(subject=candidate.reference))
    return done.rowcount
