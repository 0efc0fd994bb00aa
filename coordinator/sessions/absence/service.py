"""Absences in the database: missing pages and their alerts. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.consents.words import Why
from coordinator.ground.keyring import Keyring
from coordinator.sessions import service as sessions
from coordinator.sessions.absence.waiting import Awaited, absence_alert, awaited, ended_absence
from coordinator.sessions.service import Found
from coordinator.sessions.starting.terms import JOIN_WINDOW
from coordinator.sessions.tables import ExamSession, JoinCode
from shared.consents import Purpose
from shared.errors import Corrupt, Rejected
from shared.events.types import EventType

LONGEST_SESSION: Final = timedelta(days=3)
"""A session older than this is over: lead time, duration and extra time together are less."""


def missing(
    db: Session, keyring: Keyring, session_ids: Collection[UUID], came: Collection[UUID], now_utc: datetime
) -> dict[UUID, Awaited]:
    """The pages that are missing from these sessions, if the sessions still run. `came`: sessions that had a
    page before."""
    wanted = select(ExamSession).where(
        col(ExamSession.id).in_(session_ids),
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    begins, found = _begins(db, session_ids), {}
    for session in list(db.exec(wanted)):
        if session.withheld.get(Purpose.CAMERA_MONITORING) == Why.WITHDRAWN:
            continue  # the candidate may sit the exam in another way, so its page is not missed
        try:
            rule = sessions.effective_policy(db, keyring, session).rule(EventType.CANDIDATE_OFFLINE)
        except (Rejected, Corrupt):
            continue  # its key is destroyed: nothing can be written about it
        begins_utc = begins.get(session.id, session.started_utc)
        found[session.id] = awaited(begins_utc, rule, now_utc, came=session.id in came)
    return found


def open_absences(db: Session, now_utc: datetime) -> set[UUID]:
    """The sessions with an open absence alert."""
    wanted = (
        select(StoredAlert.session_id)
        .join(ExamSession, col(ExamSession.id) == col(StoredAlert.session_id))
        .where(
            ExamSession.started_utc > now_utc - LONGEST_SESSION,
            StoredAlert.tenant_id == ExamSession.tenant_id,
            *_ours(),
            col(StoredAlert.cleared_utc).is_(None),
        )
    )
    return set(db.exec(wanted))


def say_absent(
    db: Session, keyring: Keyring, session_id: UUID, page: Awaited, now_utc: datetime
) -> Stored | None:
    """Raise the alert of a missing page; None if it is already raised or the page is no longer expected."""
    found = _locked(db, session_id)
    if found is None or found.session.ended_utc is not None or _newest(db, found.session) is not None:
        return None
    alert = absence_alert(sessions.subject_of(db, found), page, now_utc)
    if not alerts.store_milestone(db, keyring, found.session, alert, now_utc):
        return None
    return Stored(alert, session_id, 1, now_utc)


def say_over(db: Session, keyring: Keyring, session_id: UUID, now_utc: datetime) -> Stored | None:
    """Clear the alert: now, or at the session's end."""
    found = _locked(db, session_id)
    said = _newest(db, found.session) if found is not None else None
    if found is None or said is None:
        return None
    over_utc = min(now_utc, found.session.ended_utc or now_utc, found.session.expires_utc)
    before = next(iter(alerts.opened(db, keyring, [said.id])), None)
    if before is None:
        return None  # its key is gone
    alert = ended_absence(before.alert, over_utc)
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


def _begins(db: Session, session_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each exam begins: `JOIN_WINDOW` before the expiry of a session's first join code."""
    wanted = (
        select(JoinCode.session_id, func.min(JoinCode.expires_utc))
        .where(col(JoinCode.session_id).in_(session_ids))
        .group_by(col(JoinCode.session_id))
    )
    return {session_id: expires_utc - JOIN_WINDOW for session_id, expires_utc in db.exec(wanted)}


def _locked(db: Session, session_id: UUID) -> Found | None:
    """The session, locked until the commit, so that two replicas raise an absence only once."""
    wanted = sessions.select_found().where(ExamSession.id == session_id)
    row = db.exec(wanted.with_for_update(of=ExamSession, key_share=True)).one_or_none()
    return Found(*row) if row else None


def _newest(db: Session, session: ExamSession) -> StoredAlert | None:
    """A session's open absence."""
    wanted = select(StoredAlert).where(
        StoredAlert.tenant_id == session.tenant_id,
        StoredAlert.session_id == session.id,
        *_ours(),
        col(StoredAlert.cleared_utc).is_(None),
    )
    return db.exec(wanted).first()


def _ours() -> tuple[ColumnElement[bool], ...]:
    """The coordinator's own alert; nodes raise their own for pages that were connected."""
    return (col(StoredAlert.event_type) == EventType.CANDIDATE_OFFLINE, col(StoredAlert.node_id).is_(None))
