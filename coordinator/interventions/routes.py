"""POST /api/v1/session/{id}/{message,pause,resume,extra-time,flag,terminate}: for people only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.idempotency.desk import Desk, DeskDep
from coordinator.interventions import service as interventions
from coordinator.interventions.record import Intervention
from coordinator.sessions import ending, service as sessions
from coordinator.sessions.changing import service as changing, telling
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep, SessionRef
from coordinator.web_api.security import Reviewer
from shared.alerts import Alert, Shown
from shared.api.incidents import ExtraTimeRequest, InterventionOut, InterventionRequest, MessageRequest
from shared.events.types import EventType
from shared.notices import RAISED, candidate_notice
from shared.tokens import Claims

router = APIRouter(prefix="/session/{session_id}", tags=["proctor's acts"])
_REFUSALS = problems(401, 403, 404, 409, 410)

Change = Callable[[ExamSession], None]
"""The change an act makes to the session. Raises `Rejected` if it is not possible."""


@router.post("/message", responses=_REFUSALS)
async def message_candidate(session_id: SessionRef, desk: DeskDep, body: MessageRequest) -> InterventionOut:
    """Send the candidate this message."""
    return await _act(desk, session_id, _done(EventType.PROCTOR_MESSAGE, desk.claims, message=body.message))


@router.post("/pause", responses=_REFUSALS)
async def pause_session(session_id: SessionRef, desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Pause the exam and tell the candidate: for up to 4 hours its node judges nothing and the session does
    not expire. The exam platform must stop its own clock."""
    done = _done(EventType.PROCTOR_PAUSE, desk.claims, body.reason)
    return await _act(desk, session_id, done, lambda session: changing.pause(session, desk.now_utc))


@router.post("/resume", responses=_REFUSALS)
async def resume_session(session_id: SessionRef, desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Resume the exam and tell the candidate: the session is extended by the time of the pause, and its node
    judges again with new rules and baselines."""
    done = _done(EventType.PROCTOR_RESUME, desk.claims, body.reason)
    return await _act(desk, session_id, done, lambda session: changing.resume(session, desk.now_utc))


@router.post("/extra-time", responses=_REFUSALS)
async def give_extra_time(session_id: SessionRef, desk: DeskDep, body: ExtraTimeRequest) -> InterventionOut:
    """Give the candidate extra time and tell them: the session expires that many minutes later."""
    done = _done(EventType.PROCTOR_EXTRA_TIME, desk.claims, body.reason, minutes=body.minutes)
    return await _act(desk, session_id, done, lambda session: changing.extend(session, body.minutes))


@router.post("/flag", responses=_REFUSALS)
async def flag_session(session_id: SessionRef, desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Mark this moment for later review; the candidate is not told."""
    return await _act(desk, session_id, _done(EventType.PROCTOR_FLAG, desk.claims, body.reason))


@router.post("/terminate", responses=_REFUSALS)
async def terminate_session(
    session_id: SessionRef, body: InterventionRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """End a session against the candidate's will: record the reason, tell the candidate, then end it.

    It is final for this exam: the candidate's other running sessions of the exam end with it, and the
    candidate cannot start the exam again (409 `exam-terminated`). Staff can.
    """
    found = await _running(parts, claims, session_id, now)
    done = _done(EventType.PROCTOR_TERMINATE, claims, body.reason)
    heard = await parts.rooms.candidate_is_there(found.session.id)
    made = await _terminate(parts, found, done, now)
    if made is None:  # somebody else has ended it just now
        raise sessions.ended()
    for other in await parts.reading(lambda db: sessions.siblings(db, found.session, now)):
        await _terminate(parts, other, done, now)
    return _answer(made, claims, heard)


async def _terminate(parts: Parts, found: Found, done: Intervention, now: datetime) -> Alert | None:
    """End one session; None when somebody else ended it first."""
    made: list[Alert] = []

    def because(db: Session) -> Alert:
        made.append(interventions.record(db, parts.keys.keyring, found, done, now))
        return made[-1]

    await ending.end(parts, found, now, submitted=False, because=because)
    return made[-1] if made else None


async def _act(
    desk: Desk, reference: str, done: Intervention, change: Change | None = None
) -> InterventionOut:
    """Record an act on a running session, tell its candidate, and send a change to the node."""
    parts, now_utc = desk.parts, desk.now_utc
    found = await _running(parts, desk.claims, reference, now_utc)
    heard = await parts.rooms.candidate_is_there(found.session.id)
    made: list[Alert] = []

    def work(db: Session) -> InterventionOut:
        if change is not None:
            change(changing.hold(db, found.session.id, now_utc))
        made.append(interventions.record(db, parts.keys.keyring, found, done, now_utc))
        return _answer(made[-1], desk.claims, heard)

    answer = await desk.once(InterventionOut, work, lambda _: found.candidate.reference)
    if made:  # not a repetition
        parts.rooms.tell(found.session.id, Shown(made[-1]), RAISED)
        if change is not None:
            await telling.tell(parts, found.session)
    return answer


async def _running(parts: Parts, claims: Claims, reference: str, now: datetime) -> Found:
    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, reference))
    sessions.check_running(found.session, now)
    return found


def _done(
    event: EventType, claims: Claims, reason: str = "", *, message: str = "", minutes: int | None = None
) -> Intervention:
    return Intervention(
        event=event,
        by=claims.subject,
        role=claims.role.value,
        reason=reason,
        message=message,
        minutes=minutes,
    )


def _answer(alert: Alert, claims: Claims, heard: bool) -> InterventionOut:
    return InterventionOut(
        event_id=str(alert.event_id),
        event_type=alert.event_type,
        session_id=alert.exam_session_id,
        at=alert.onset,
        by=claims.subject,
        told_candidate=heard and candidate_notice(alert, RAISED) is not None,
    )
