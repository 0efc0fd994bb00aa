"""Applies a consent, withdrawn or given again, to the running sessions it concerns. Flushes, never
commits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col

from coordinator.alerts import service as alerts
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.withdrawing import NAMES, told
from coordinator.ground.keyring import Keyring
from coordinator.sessions import service as sessions
from coordinator.sessions.milestones import consent_changed
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert
from shared.consents import Purpose
from shared.errors import Unavailable

_TRIES: Final = 10


def running(db: Session, candidate: Candidate, now_utc: datetime) -> list[Found]:
    """The candidate's sessions that run now, locked until the commit."""
    wanted = (
        sessions.select_found()
        .where(
            ExamSession.candidate_id == candidate.id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
        .order_by(col(ExamSession.started_utc))
        .with_for_update(of=ExamSession)
        .execution_options(populate_existing=True)
    )
    return [Found(*row) for row in db.exec(wanted)]


def note(
    db: Session, keyring: Keyring, found: Found, purpose: Purpose, *, given: bool, now_utc: datetime
) -> Alert | None:
    """Apply a changed consent to a running session, and put it on its timeline. Returns None if nothing
    changes there."""
    if not consents.settle(db, found.candidate, found.session):
        return None
    subject = sessions.subject_of(db, found)
    words = told(purpose, given=given)
    # An alert's id contains its millisecond, and two purposes may change in the same one.
    for tried in range(_TRIES):
        at_utc = now_utc + timedelta(milliseconds=tried)
        alert = consent_changed(subject, purpose, given=given, told=words, at_utc=at_utc, name=NAMES[purpose])
        if alerts.store_milestone(db, keyring, found.session, alert, now_utc):
            return alert
    raise Unavailable("too many changes at once; try again", code="busy", retry_after_s=1)
