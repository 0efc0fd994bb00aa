"""Reads the messages to a session's candidate from the session's alerts. Reads only."""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.keyring import Keyring
from coordinator.sessions.tables import ExamSession
from shared.notices import RAISED, candidate_notice

MAX_TOLD: Final = 20
"""The most messages; the candidate's page shows as many."""
_LOOKED_THROUGH: Final = 200
"""The most alerts searched for messages; most alerts have no message to the candidate."""


def told(db: Session, keyring: Keyring, session: ExamSession) -> list[dict[str, Any]]:
    """The newest messages, in the form that the live socket sends, the oldest first."""
    wanted = (
        select(StoredAlert.id)
        .where(StoredAlert.tenant_id == session.tenant_id, StoredAlert.session_id == session.id)
        .order_by(col(StoredAlert.raised_utc).desc(), col(StoredAlert.id).desc())
        .limit(_LOOKED_THROUGH)
    )
    found = alerts.opened(db, keyring, db.exec(wanted).all())
    newest = sorted(found, key=lambda stored: stored.alert.raised)
    said = [notice for stored in newest if (notice := candidate_notice(stored.alert, RAISED)) is not None]
    return said[-MAX_TOLD:]
