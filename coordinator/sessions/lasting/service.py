"""Reads and writes alerts that the coordinator raises and later clears. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.keyring import Keyring
from coordinator.sessions import service as sessions
from coordinator.sessions.milestones import Subject
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert
from shared.events.types import EventType

LONGEST_SESSION: Final = timedelta(days=3)
"""Every session that started longer ago is over, because lead time, duration and extra time add up to
less."""


def still_open(db: Session, event: EventType, now_utc: datetime) -> set[UUID]:
    """The sessions with an open alert of this event that the coordinator raised."""
    wanted = (
        select(StoredAlert.session_id)
        .join(ExamSession, col(ExamSession.id) == col(StoredAlert.session_id))
        .where(
            ExamSession.started_utc > now_utc - LONGEST_SESSION,
            StoredAlert.tenant_id == ExamSession.tenant_id,
            *_ours(event),
            col(StoredAlert.cleared_utc).is_(None),
        )
    )
    return set(db.exec(wanted))


def raise_one(
    db: Session, keyring: Keyring, session_id: UUID, write: Callable[[Subject], Alert], now_utc: datetime
) -> Stored | None:
    """Raise an alert. Returns None if one of the same event is already open or the session has ended."""
    found = _locked(db, session_id)
    if found is None or found.session.ended_utc is not None:
        return None
    alert = write(sessions.subject_of(db, found))
    if _open(db, found.session, alert.event_type) is not None:
        return None
    if not alerts.store_milestone(db, keyring, found.session, alert, now_utc):
        return None
    return Stored(alert, session_id, 1, now_utc)


def ended(alert: Alert, over_utc: datetime) -> Alert:
    """The alert after its cause has ended."""
    duration_s = max(0.0, (over_utc - alert.onset).total_seconds())
    changes = {"cleared": max(over_utc, alert.raised), "duration": round(duration_s, 3)}
    return alert.model_copy(update=changes)


def clear_one(
    db: Session,
    keyring: Keyring,
    session_id: UUID,
    event: EventType,
    now_utc: datetime,
    write: Callable[[Alert, datetime], Alert] = ended,
) -> Stored | None:
    """Clear the open alert, at this instant or at the session's end if that is earlier."""
    found = _locked(db, session_id)
    said = _open(db, found.session, event) if found is not None else None
    if found is None or said is None:
        return None
    over_utc = min(now_utc, found.session.ended_utc or now_utc, found.session.expires_utc)
    before = next(iter(alerts.opened(db, keyring, [said.id])), None)
    if before is None:
        return None  # its key was destroyed
    alert = write(before.alert, over_utc)
    stored = alerts.store_own(db, keyring, found.session, alert, 2, now_utc)
    return Stored(alert, session_id, 2, now_utc) if stored else None


def running(db: Session, session_ids: Collection[UUID], now_utc: datetime) -> set[UUID]:
    """The sessions that have neither ended nor expired."""
    wanted = select(ExamSession.id).where(
        col(ExamSession.id).in_(session_ids),
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    return set(db.exec(wanted))


def _locked(db: Session, session_id: UUID) -> Found | None:
    """The session, locked until the commit, so that two replicas raise an alert only once."""
    wanted = sessions.select_found().where(ExamSession.id == session_id)
    row = db.exec(wanted.with_for_update(of=ExamSession, key_share=True)).one_or_none()
    return Found(*row) if row else None


def _open(db: Session, session: ExamSession, event: EventType) -> StoredAlert | None:
    """A session's open alert of this event."""
    wanted = select(StoredAlert).where(
        StoredAlert.tenant_id == session.tenant_id,
        StoredAlert.session_id == session.id,
        *_ours(event),
        col(StoredAlert.cleared_utc).is_(None),
    )
    return db.exec(wanted).first()


def _ours(event: EventType) -> tuple[ColumnElement[bool], ...]:
    """Selects the coordinator's own alerts, because nodes may raise the same event."""
    return (col(StoredAlert.event_type) == event, col(StoredAlert.node_id).is_(None))
