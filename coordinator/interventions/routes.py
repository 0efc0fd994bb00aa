"""POST /api/v1/session/{id}/{message,pause,resume,extra-time,flag,terminate}: for persons only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.once import once
from coordinator.idempotency.sameness import Asked
from coordinator.interventions.record import Intervention
from coordinator.interventions.service import record
from coordinator.sessions import end, service
from coordinator.sessions.changing import changes, service as changes_service
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep, SessionRef
from coordinator.web_api.security import Reviewer
from shared.alerts import Alert
from shared.api.incidents import ExtraTimeRequest, InterventionOut, InterventionRequest, MessageRequest
from shared.events.types import EventType
from shared.notices import RAISED, candidate_notice
from shared.tokens import Claims

router = APIRouter(prefix="/session/{session_id}", tags=["proctor's acts"])
_REFUSALS = problems(401, 403, 404, 409, 410)

Change = Callable[[ExamSession], None]
"""What an act changes of the session itself. Raises `Rejected` where that cannot be."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One session, who acts on it, and how that is done once."""

    reference: str
    claims: Claims
    asked: Asked | None
    parts: Parts
    now_utc: datetime

    async def do(self, done: Intervention, change: Change | None = None) -> InterventionOut:
        parts = self.parts
        found = await _running(parts, self.claims, self.reference, self.now_utc)
        heard = parts.rooms.candidate_listens(found.session.id)
        made: list[Alert] = []

        def work(db: Session) -> InterventionOut:
            if change is not None:
                change(changes_service.hold(db, found.session.id, self.now_utc))
            made.append(record(db, parts.keys.keyring, found, done, self.now_utc))
            return _answer(made[-1], self.claims, heard)

        candidate = found.candidate.reference
        answer = await once(parts, self.asked, InterventionOut, work, lambda _: candidate)
        if made:  # not a repetition
            parts.rooms.tell(found.session.id, made[-1], RAISED)
            if change is not None:
                await changes.tell(parts, found.session)
        return answer


def _desk(session_id: SessionRef, claims: Reviewer, asked: AskedOnce, parts: PartsDep, now: Now) -> _Desk:
    return _Desk(session_id, claims, asked, parts, now)


DeskDep = Annotated[_Desk, Depends(_desk)]


@router.post("/message", responses=_REFUSALS)
async def message_candidate(desk: DeskDep, body: MessageRequest) -> InterventionOut:
    """Tell the candidate something, in these words."""
    return await desk.do(_done(EventType.PROCTOR_MESSAGE, desk.claims, message=body.message))


@router.post("/pause", responses=_REFUSALS)
async def pause_session(desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Pause the exam and tell the candidate: for up to 4 hours its node judges nothing and the session does
    not expire. The exam platform's clock is the platform's to stop."""
    done = _done(EventType.PROCTOR_PAUSE, desk.claims, body.reason)
    return await desk.do(done, lambda session: changes_service.pause(session, desk.now_utc))


@router.post("/resume", responses=_REFUSALS)
async def resume_session(desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Let the exam go on and tell the candidate: the session gets back the time of the pause, and its node
    judges again, with rules and baselines begun anew."""
    done = _done(EventType.PROCTOR_RESUME, desk.claims, body.reason)
    return await desk.do(done, lambda session: changes_service.resume(session, desk.now_utc))


@router.post("/extra-time", responses=_REFUSALS)
async def give_extra_time(desk: DeskDep, body: ExtraTimeRequest) -> InterventionOut:
    """Give the candidate more time and say so: the session expires so many minutes later."""
    done = _done(EventType.PROCTOR_EXTRA_TIME, desk.claims, body.reason, minutes=body.minutes)
    return await desk.do(done, lambda session: changes_service.extend(session, body.minutes))


@router.post("/flag", responses=_REFUSALS)
async def flag_session(desk: DeskDep, body: InterventionRequest) -> InterventionOut:
    """Mark this moment for whoever reviews later; the candidate is not told."""
    return await desk.do(_done(EventType.PROCTOR_FLAG, desk.claims, body.reason))


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


async def _running(parts: Parts, claims: Claims, reference: str, now: datetime) -> Found:
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
