"""Proctors' acts in the database, as alerts of the session. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.ground.keyring import Keyring
from coordinator.interventions.record import Intervention, alert_of
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from shared.alerts import Alert
from shared.errors import Unavailable

_TRIES: Final = 10


def record(db: Session, keyring: Keyring, found: Found, done: Intervention, now_utc: datetime) -> Alert:
    """Record an act on the timeline.

    An alert's id contains its millisecond; a second act of the same kind in one millisecond moves to the
    next. Raises `Unavailable` if ten of them are taken.
    """
    subject = sessions.subject_of(db, found)
    for tried in range(_TRIES):
        at_utc = now_utc + timedelta(milliseconds=tried)
        alert = alert_of(subject, done, at_utc)
        if alerts.store_milestone(db, keyring, found.session, alert, now_utc):
            return alert
    raise Unavailable("too many acts at once; try again", code="busy", retry_after_s=1)
