"""What the messages of one batch are checked against: their sessions, whose they are, and with which keys.

All of it is read in a handful of queries for the whole batch, however many messages and sessions it has.
Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.candidates.tables import Candidate
from coordinator.evidence import service as evidence
from coordinator.evidence.service import EvidenceKeys
from coordinator.ground.keyring import Keyring
from coordinator.keys.tables import Key
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Held
from coordinator.sessions.tables import ExamSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A session as far as its alerts are concerned."""

    session: ExamSession
    candidate: str
    """The institution's reference."""
    seal_key: Key
    """What its alerts are sealed to."""
    evidence: EvidenceKeys
    held: Sequence[Held]
    """Every assignment, in the order of epochs."""


def load(
    db: Session, keyring: Keyring, session_ids: Collection[UUID], now_utc: datetime
) -> dict[UUID, Sitting]:
    """These sessions by id, as far as they exist."""
    wanted = (
        select(ExamSession, Candidate.reference, Key)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Key, col(Key.id) == col(ExamSession.seal_key_id))
        .where(col(ExamSession.id).in_(session_ids))
    )
    rows = db.exec(wanted).all()
    held = assignments.held(db, session_ids)
    pictures = evidence.keys_of(db, keyring, [session for session, _, _ in rows], now_utc)
    return {
        session.id: Sitting(
            session=session,
            candidate=candidate,
            seal_key=key,
            evidence=pictures[session.id],
            held=held.get(session.id, ()),
        )
        for session, candidate, key in rows
    }
