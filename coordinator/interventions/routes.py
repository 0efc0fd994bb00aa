"""POST /api/v1/session/{id}/{message,pause,resume,extra-time,flag,terminate}: for persons only."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.interventions.record import Intervention
from coordinator.interventions.service import record
from coordinator.openapi import problems
from coordinator.parts import Now, Parts, PartsDep, SessionRef
from coordinator.security import Reviewer
from coordinator.sessions import end, service
from coordinator.sessions.service import Found
from shared.alerts import Alert
from shared.events import EventType
from shared.incident_api import ExtraTimeRequest, InterventionOut, InterventionRequest, MessageRequest
from shared.notices import RAISED, candidate_notice
from shared.tokens import Claims

router = APIRouter(prefix="/session/{session_id}", tags=["proctor's acts"])
_REFUSALS = problems(401, 403, 404, 410)


@router.post("/message", responses=_REFUSALS)
async def message_candidate(
    session_id: SessionRef, body: MessageRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """Tell the candidate something, in these words."""
    done = _done(EventType.PROCTOR_MESSAGE, claims, message=body.message)
    return await _act(parts, claims, session_id, done, now)


@router.post("/pause", responses=_REFUSALS)
async def pause_session(
    session_id: SessionRef, body: InterventionRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """Record that the exam is paused and tell the candidate. Watching goes on; the exam platform's clock is
    the platform's to stop."""
    return await _act(parts, claims, session_id, _done(EventType.PROCTOR_PAUSE, claims, body.reason), now)


@router.post("/resume", responses=_REFUSALS)
async def resume_session(
    session_id: SessionRef, body: InterventionRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """Record that the exam goes on and tell the candidate."""
    return await _act(parts, claims, session_id, _done(EventType.PROCTOR_RESUME, claims, body.reason), now)


@router.post("/extra-time", responses=_REFUSALS)
async def give_extra_time(
    session_id: SessionRef, body: ExtraTimeRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """Record that the candidate has more time and tell the candidate. The watching's own end stays."""
    done = _done(EventType.PROCTOR_EXTRA_TIME, claims, body.reason, minutes=body.minutes)
    return await _act(parts, claims, session_id, done, now)


@router.post("/flag", responses=_REFUSALS)
async def flag_session(
    session_id: SessionRef, body: InterventionRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """Mark this moment for whoever reviews later; the candidate is not told."""
    return await _act(parts, claims, session_id, _done(EventType.PROCTOR_FLAG, claims, body.reason), now)


@router.post("/terminate", responses=_REFUSALS)
async def terminate_session(
    session_id: SessionRef, body: InterventionRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> InterventionOut:
    """End a session against the candidate's will: recorded with its reason, told, then ended."""
    found = await _running(parts, claims, session_id, now)
    done = _done(EventType.PROCTOR_TERMINATE, claims, body.reason)
    heard = parts.rooms.candidate_listens(found.session.id)
    made: list[Alert] = []

    def because(db: Session) -> Alert:
        made.append(record(db, parts.keys.keyring, found, done, now))
        return made[-1]

    await end.end(parts, found, now, submitted=False, because=because)
    if not made:  # somebody else ended it in this moment
        found = await parts.reading(lambda db: service.find(db, claims.tenant_id, session_id))
        service.check_running(found.session, now)
    return _answer(made[-1], claims, heard)


async def _act(parts: Parts, claims: Claims, reference: str, done: Intervention, now: Now) -> InterventionOut:
    found = await _running(parts, claims, reference, now)
    alert = await parts.writing(lambda db: record(db, parts.keys.keyring, found, done, now))
    heard = parts.rooms.candidate_listens(found.session.id)
    parts.rooms.tell(found.session.id, alert, RAISED)
    return _answer(alert, claims, heard)


async def _running(parts: Parts, claims: Claims, reference: str, now: Now) -> Found:
    found = await parts.reading(lambda db: service.find(db, claims.tenant_id, reference))
    service.check_running(found.session, now)
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
