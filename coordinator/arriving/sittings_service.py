"""Loads what a batch's messages are checked against: sessions, candidates, keys and assignments.

It takes a few queries for the whole batch, however many messages and sessions it has.
Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import sql
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.evidence import service as evidence
from coordinator.evidence.service import EvidenceKeys
from coordinator.ground.keyring import HeldKey, Keyring
from coordinator.keys.tables import HALF_COLUMNS, Half, Key
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Held
from coordinator.privacy.tables import ErasedSession
from coordinator.sessions.tables import ExamSession

_NEEDED: Final = (
    col(ExamSession.id),
    col(ExamSession.tenant_id),
    col(ExamSession.reference),
    col(ExamSession.candidate_id),
    col(ExamSession.exam_reference),
    col(ExamSession.seal_key_id),
    col(ExamSession.data_key_id),
)
"""The columns of a session that its alerts need: reading the others, with its whole policy, costs more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """The parts of a session that its alerts need."""

    session: ExamSession
    candidate: str
    """The institution's candidate_id."""
    former: frozenset[bytes] = frozenset()
    """The hashes of names that were corrected, the candidate's and its sessions'."""
    seal_key: HeldKey
    """The key to which its alerts are sealed."""
    evidence: EvidenceKeys
    held: Sequence[Held]
    """Every assignment, in the order of epochs."""


def load(
    db: Session, keyring: Keyring, session_ids: Collection[UUID], now_utc: datetime
) -> dict[UUID, Sitting]:
    """The existing sessions among these, by id; without those of erased persons."""
    wanted = (
        sql.select(ExamSession, col(Candidate.reference), *HALF_COLUMNS)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Key, col(Key.id) == col(ExamSession.seal_key_id))
        .where(col(ExamSession.id).in_(session_ids), col(ExamSession.erased_utc).is_(None))
        .options(load_only(*_NEEDED))  # type: ignore[arg-type]
    )
    rows = [(session, name, Half(*half)) for session, name, *half in db.execute(wanted)]
    held = assignments.held(db, session_ids)
    former = candidates.former_of(db, {session.candidate_id for session, _, _ in rows})
    pictures = evidence.keys_of(db, keyring, [session for session, _, _ in rows], now_utc)
    return {
        session.id: Sitting(
            session=session,
            candidate=candidate,
            former=former.get(session.candidate_id, frozenset()),
            seal_key=key,
            evidence=pictures[session.id],
            held=held.get(session.id, ()),
        )
        for session, candidate, key in rows
    }


def erased(db: Session, session_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these sessions whose candidate was erased, also if a restored database never knew them."""
    if not session_ids:
        return frozenset()
    wanted = select(ErasedSession.session_id).where(col(ErasedSession.session_id).in_(session_ids))
    return frozenset(db.exec(wanted))
