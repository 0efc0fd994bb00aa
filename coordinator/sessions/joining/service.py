"""Links and acknowledged notices in the database. Flushes, never commits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select, update

from coordinator.ground.acting import concerns
from coordinator.ground.keyring import Keyring
from coordinator.sessions import service as sessions
from coordinator.sessions.joining.codes import code_hash
from coordinator.sessions.service import Found
from coordinator.sessions.tables import Acknowledgement, ExamSession, JoinCode
from shared.alerts import Alert
from shared.api.links import NoticeOut
from shared.errors import Rejected
from shared.events.types import EventType

_CODE_BYTES: Final = 24


def new_code() -> str:
    """A new code of 32 URL-safe characters."""
    return secrets.token_urlsafe(_CODE_BYTES)


def add_code(db: Session, session: ExamSession, code: str, now_utc: datetime) -> None:
    """Store the code of a session's link; only its hash is kept. Earlier links stop working."""
    db.exec(
        update(JoinCode)
        .where(col(JoinCode.session_id) == session.id, col(JoinCode.replaced_utc).is_(None))
        .values(replaced_utc=now_utc)
    )
    db.add(
        JoinCode(
            tenant_id=session.tenant_id,
            session_id=session.id,
            code_hash=code_hash(code),
            created_utc=now_utc,
        )
    )
    db.flush()


def check_known(db: Session, code: str) -> None:
    """Raises `Rejected` (404) for a code that nobody was given; writes nothing, and waits for no writer."""
    if db.exec(select(JoinCode.id).where(JoinCode.code_hash == code_hash(code))).first() is None:
        raise _unknown()


def follow(db: Session, code: str, now_utc: datetime) -> Found:
    """The session that a link belongs to.

    Raises `Rejected`: 404 `join-code-unknown`, 410 `join-code-replaced` or the session's end.
    """
    row = db.exec(select(JoinCode).where(JoinCode.code_hash == code_hash(code))).one_or_none()
    if row is None:
        raise _unknown()
    if row.replaced_utc is not None:
        raise Rejected(
            "this link was replaced by a newer one; use the newer link", code="join-code-replaced", status=410
        )
    found = Found(*db.exec(sessions.select_found().where(ExamSession.id == row.session_id)).one())
    concerns(found.session.tenant_id, candidate_id=found.candidate.id, session_id=found.session.id)
    sessions.check_running(found.session, now_utc)
    return found


def acknowledge(
    db: Session, keyring: Keyring, found: Found, notice: NoticeOut, now_utc: datetime
) -> Alert | None:
    """Record that the candidate acknowledged a notice; None if it is already recorded."""
    known = select(Acknowledgement.id).where(
        Acknowledgement.session_id == found.session.id, Acknowledgement.notice_version == notice.version
    )
    if db.exec(known).first() is not None:
        return None
    db.add(
        Acknowledgement(
            tenant_id=found.session.tenant_id,
            candidate_id=found.candidate.id,
            session_id=found.session.id,
            notice_version=notice.version,
            language=notice.language,
            purposes=list(notice.purposes),
            acknowledged_utc=now_utc,
        )
    )
    db.flush()
    return sessions.add_milestone(db, keyring, found, EventType.NOTICE_ACKNOWLEDGED, now_utc)


def acknowledgements(db: Session, session: ExamSession) -> Sequence[Acknowledgement]:
    """The notices of a session that its candidate acknowledged, oldest first."""
    wanted = (
        select(Acknowledgement)
        .where(Acknowledgement.session_id == session.id)
        .order_by(col(Acknowledgement.acknowledged_utc))
    )
    return db.exec(wanted).all()


def _unknown() -> Rejected:
    return Rejected("the link is not valid; ask for a new one", code="join-code-unknown", status=404)
