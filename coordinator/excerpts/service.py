"""Transcript keys and their excerpts in the database. Flushes, never commits.

One HPKE key pair per session whose exam and candidate agreed to speech recognition. After its private half is
destroyed, the speech is unreadable in every copy of the alert and for every role. There is never a second key
for the same session.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import concerns
from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.tables import ExamSession
from shared.errors import Corrupt, Rejected
from shared.excerpts import Excerpt, ExcerptHeader, open_excerpt
from shared.policy.schema import Policy


def propose_key(
    db: Session, keyring: Keyring, candidate: Candidate, policy: Policy, session_id: UUID, now_utc: datetime
) -> Key | None:
    """The transcript key of a session that is about to start, not stored yet; None if speech may not be
    recognised."""
    if not (policy.recognises_speech and policy.phrases):
        return None
    owner = _owner(candidate.tenant_id, candidate.id, session_id)
    return keys.propose(db, keyring, KeyKind.SEALING, owner, now_utc)


def living_key(db: Session, session: ExamSession) -> Key | None:
    """The session's transcript key, if there is one."""
    return keys.find(db, KeyKind.SEALING, _owner_of(session))


def forget(db: Session, session: ExamSession, now_utc: datetime) -> int:
    """Destroy a session's transcript key; returns the number of destroyed keys, 0 or 1."""
    return keys.destroy(db, _owner_of(session), now_utc)


def forget_all_of(db: Session, candidate: Candidate, now_utc: datetime) -> int:
    """Destroy the transcript keys of all sessions of a candidate who has withdrawn consent. Returns the
    number of destroyed keys."""
    return sum(
        keys.destroy(db, owner, now_utc) for owner in _living(db) if owner.candidate_id == candidate.id
    )


def expired(db: Session, now_utc: datetime) -> list[Owner]:
    """Owners of transcript keys of sessions that have ended or expired."""
    living = {UUID(owner.scope): owner for owner in _living(db)}
    running = db.exec(
        select(ExamSession.id).where(
            col(ExamSession.id).in_(living),
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    ).all()
    return [owner for session_id, owner in living.items() if session_id not in set(running)]


def read(db: Session, keyring: Keyring, tenant_id: UUID, alert_id: UUID, now_utc: datetime) -> Excerpt:
    """The speech excerpt of an alert.

    Raises `Rejected`: 404 `excerpt-unknown` if there is no such alert or it has no excerpt, 410
    `excerpt-destroyed` after the session ended or the candidate withdrew consent.
    """
    found = alerts.find(db, keyring, tenant_id, alert_id)
    if found is None or found.alert.sealed_excerpt is None:
        raise Rejected("the alert has no speech excerpt", code="excerpt-unknown", status=404)
    session = db.get_one(ExamSession, found.session_id)
    concerns(tenant_id, candidate_id=session.candidate_id, session_id=session.id)
    key = living_key(db, session)
    if key is None or session.ended_utc is not None or session.expires_utc <= now_utc:
        raise Rejected(
            "the speech excerpt can no longer be opened: its key was destroyed",
            code="excerpt-destroyed",
            status=410,
        )
    header = ExcerptHeader(alert_id=alert_id, session_id=session.id, key_id=key.id)
    try:
        return open_excerpt(found.alert.sealed_excerpt, header, keyring.open_private(key))
    except Corrupt as error:
        raise Rejected(
            "the node's sealed excerpt cannot be opened", code="excerpt-damaged", status=410
        ) from error


def _living(db: Session) -> list[Owner]:
    wanted = select(Key).where(
        Key.retention_class == RetentionClass.TRANSCRIPT, col(Key.destroyed_utc).is_(None)
    )
    return [Owner(key.tenant_id, key.candidate_id, key.retention_class, key.scope) for key in db.exec(wanted)]


def _owner_of(session: ExamSession) -> Owner:
    return _owner(session.tenant_id, session.candidate_id, session.id)


def _owner(tenant_id: UUID, candidate_id: UUID, session_id: UUID) -> Owner:
    return Owner(tenant_id, candidate_id, RetentionClass.TRANSCRIPT, str(session_id))
