"""Changes running sessions in the database: pause, extra time, another policy. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import OwnKeys
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.details_service import CANDIDATE_TERMS
from coordinator.sessions.expiry import extended_expiry, paused_expiry, resumed_expiry
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession, SessionPolicy
from coordinator.tokens import key_service as token_keys
from shared.api.sessions import SessionPolicyChange
from shared.errors import Rejected
from shared.policy.schema import Policy
from shared.tokens import Claims


def hold(db: Session, session_id: UUID, now_utc: datetime) -> ExamSession:
    """A running session, locked until the commit. Raises `Rejected` (410) after its end."""
    wanted = select(ExamSession).where(ExamSession.id == session_id)
    session = db.exec(wanted.with_for_update().execution_options(populate_existing=True)).one()
    sessions.check_running(session, now_utc)
    return session


def pause(session: ExamSession, now_utc: datetime) -> None:
    """Pause a session. Raises `Rejected` (409 `already-paused`, `session-too-long`)."""
    if session.paused_utc is not None:
        raise Rejected("the exam is already paused", code="already-paused", status=409)
    session.expires_utc = paused_expiry(session.expires_utc, session.started_utc)
    session.paused_utc = now_utc


def resume(session: ExamSession, now_utc: datetime) -> None:
    """Resume a session; it is extended by the time of the pause. Raises `Rejected` (409 `not-paused`)."""
    if session.paused_utc is None:
        raise Rejected("the exam is not paused", code="not-paused", status=409)
    session.expires_utc = resumed_expiry(session.expires_utc, session.paused_utc, now_utc)
    session.paused_utc = None


def extend(session: ExamSession, minutes: int) -> None:
    """Give a session extra time. Raises `Rejected` (409 `session-too-long`)."""
    session.expires_utc = extended_expiry(session.expires_utc, session.started_utc, minutes)


def put_policy(
    db: Session,
    keyring: Keyring,
    session: ExamSession,
    policy: Policy,
    *,
    by: Claims,
    reason: str,
    now_utc: datetime,
) -> None:
    """Put another policy in force and record its author and reason."""
    row_id = uuid7()
    plain = policy.model_copy(update={"candidate": None}).model_dump(mode="json")
    key = keys.get(db, session.tenant_id, session.data_key_id)
    db.add(
        SessionPolicy(
            id=row_id,
            tenant_id=session.tenant_id,
            session_id=session.id,
            version=policy.version,
            version_before=session.policy_version,
            policy=plain,
            changed_by=by.subject,
            role=by.role,
            reason_sealed=keyring.seal_field(key, _place(row_id), reason.encode()),
            changed_utc=now_utc,
        )
    )
    session.policy, session.policy_version = plain, policy.version
    db.flush()


def silence(db: Session, keyring: Keyring, session: ExamSession) -> bool:
    """Stop speech recognition in a session, because its candidate has withdrawn consent; it cannot be given
    again for this session. False if there was no recognition."""
    key = keys.get(db, session.tenant_id, session.data_key_id)
    known = details.open_details(keyring, key, session)
    terms = known.get(CANDIDATE_TERMS)
    if terms is None or not terms["speech_opt_in"]:
        return False
    known[CANDIDATE_TERMS] = terms | {"speech_opt_in": False}
    session.details_sealed = details.seal_details(keyring, key, session.id, known)
    db.flush()
    return True


def policy_changes(db: Session, keyring: Keyring, session: ExamSession) -> list[SessionPolicyChange]:
    """Every change of a session's policy, oldest first; a reason is None if its key was destroyed."""
    wanted = (
        select(SessionPolicy)
        .where(SessionPolicy.session_id == session.id)
        .order_by(col(SessionPolicy.changed_utc), col(SessionPolicy.id))
    )
    key = keys.get(db, session.tenant_id, session.data_key_id)
    return [
        SessionPolicyChange(
            version=row.version,
            version_before=row.version_before,
            changed_by=row.changed_by,
            role=row.role.value,
            reason=None
            if key.wrapped is None
            else keyring.open_field(key, _place(row.id), row.reason_sealed).decode(),
            at=row.changed_utc,
        )
        for row in db.exec(wanted)
    ]


def running(db: Session, session_ids: Collection[UUID], now_utc: datetime) -> list[Found]:
    """Those of these sessions that run now."""
    rows = db.exec(
        sessions.select_found().where(
            col(ExamSession.id).in_(session_ids),
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    )
    return [Found(*row) for row in rows]


def running_of(db: Session, tenant_id: UUID, now_utc: datetime) -> list[Found]:
    """An institution's sessions that run."""
    rows = db.exec(
        sessions.select_found().where(
            ExamSession.tenant_id == tenant_id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    )
    return [Found(*row) for row in rows]


def session_keys(db: Session, own: OwnKeys, running: Iterable[Found]) -> dict[UUID, str]:
    """By session, the id of the key that checks its tokens."""
    known: dict[tuple[UUID, str | None], str] = {}
    keys_of: dict[UUID, str] = {}
    for session in (one.session for one in running):
        signed = (session.tenant_id, session.token_kid)
        if signed not in known:
            known[signed] = token_keys.session_key_id(db, own, *signed)
        keys_of[session.id] = known[signed]
    return keys_of


def _place(row_id: UUID) -> Place:
    return Place("session_policies", "reason_sealed", row_id)
