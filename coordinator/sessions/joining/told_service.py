"""What a session's candidate was told, read from its alerts. Reads only."""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.keyring import Keyring
from coordinator.sessions.tables import ExamSession
from shared.notices import RAISED, candidate_notice

MAX_TOLD: Final = 20
"""As many as the candidate's page shows."""
_LOOKED_THROUGH: Final = 200
"""Most alerts are nothing that a candidate is told."""


def told(db: Session, keyring: Keyring, session: ExamSession) -> list[dict[str, Any]]:
    """The newest messages as the live socket sends them, the oldest first."""
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
