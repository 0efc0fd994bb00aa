"""Reads what the nodes of a session have told. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, or_, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.keyring import Keyring
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass
from shared.messages.sessions import MAX_TOLD_OPEN, MAX_TOLD_OVER


def told(db: Session, keyring: Keyring, session: ExamSession, since_utc: datetime) -> list[Stored]:
    """The alerts of nodes that are open, or were told since an instant, the newest last; no milestones."""
    wanted = (
        select(StoredAlert)
        .where(
            StoredAlert.tenant_id == session.tenant_id,
            StoredAlert.session_id == session.id,
            col(StoredAlert.node_id).is_not(None),
            StoredAlert.event_class != EventClass.MILESTONE,
            or_(col(StoredAlert.cleared_utc).is_(None), col(StoredAlert.received_utc) >= since_utc),
        )
        .order_by(col(StoredAlert.raised_utc).desc(), col(StoredAlert.id))
        .limit(MAX_TOLD_OPEN + MAX_TOLD_OVER)
    )
    return alerts.opened_rows(db, keyring, db.exec(wanted))[::-1]
