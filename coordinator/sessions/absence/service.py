"""Reads from the database which running sessions should have a page. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.consents.words import Why
from coordinator.ground.keyring import Keyring
from coordinator.sessions import details_service as details
from coordinator.sessions.absence.waiting import Awaited, awaited
from coordinator.sessions.tables import ExamSession
from shared.consents import Purpose
from shared.errors import Corrupt, Rejected
from shared.events.types import EventType


def missing(
    db: Session, keyring: Keyring, session_ids: Collection[UUID], came: Collection[UUID], now_utc: datetime
) -> dict[UUID, Awaited]:
    """Of these sessions without a page, those that still run and should have one. `came`: sessions that had a
    page before."""
    wanted = select(ExamSession).where(
        col(ExamSession.id).in_(session_ids),
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    found = {}
    for session in list(db.exec(wanted)):
        if session.withheld.get(Purpose.CAMERA_MONITORING) == Why.WITHDRAWN:
            continue  # the candidate may sit the exam in another way, so no page is expected
        try:
            rule = details.effective_policy(db, keyring, session).rule(EventType.CANDIDATE_OFFLINE)
        except (Rejected, Corrupt):
            continue  # its key is destroyed: nothing can be written about it
        found[session.id] = awaited(session.begins_utc, rule, now_utc, came=session.id in came)
    return found
