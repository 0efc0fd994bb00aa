"""GET /api/v1/session/{session_id}/route: where a session's page connects now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, BackgroundTasks, Query
from sqlmodel import Session

from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Because
from coordinator.sessions import service as sessions
from coordinator.sessions.lasting.telling import tell
from coordinator.sessions.moving import service as moving
from coordinator.sessions.moving.answers import route_out
from coordinator.sessions.moving.deciding import Stay, decide
from coordinator.sessions.moving.moves import Move, leave, move
from coordinator.sessions.service import Found
from coordinator.sessions.starting.again import prepare, resume_with, watches
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import StaffOrSession, check_own_session
from shared.api.sessions import RouteOut
from shared.errors import ProctorError, Rejected, Unavailable
from shared.messages.heartbeats import MISSING_AFTER_S
from shared.tokens import Claims

router = APIRouter(prefix="/session", tags=["candidate's page"])

ANSWERS_WITHIN_S: Final = 2.0
"""A node that takes longer is not there for a page that waits."""
MAX_FAILED: Final = 1_000
HANDED_OVER: Final = "handed-over"
NO_OTHER: Final = frozenset({"node-full", "no-node-online"})
TRIES: Final = 3

Failed = Annotated[
    int,
    Query(
        ge=0,
        le=MAX_FAILED,
        description="How often the page has failed to connect to its present node, since it was connected.",
    ),
]


@router.get("/{session_id}/route", responses=problems(401, 403, 404, 410))
async def get_route(
    session_id: SessionRef,
    claims: StaffOrSession,
    parts: PartsDep,
    now: Now,
    after: BackgroundTasks,
    failed: Failed = 0,
) -> RouteOut:
    """Where the session's page connects now. A page asks when its media have been silent for 3 s.

    The answer is the present node as long as it answers the coordinator. Otherwise the session is moved to
    another one first, with its whole state; so it is too if the page has failed to connect several times, but
    at most three times in ten minutes and only if another node takes it. The session and its token stay the
    same. If its node does not answer and no other takes it, the answer is 503, `node-full` or
    `no-node-online`; the page then goes on trying its present node.

    Only the session's own token moves it; others get the present node.
    """

    def read(db: Session) -> Found:
        return _find(db, claims, session_id, now)

    found = await parts.reading(read)
    if claims.session_id is None:
        return route_out(found, moved=False)
    check_rate(parts.rates.route, str(found.session.id), parts.clock())
    routed = await _routed(parts, read, found, failed)
    if isinstance(routed, Found):
        return route_out(routed, moved=False)
    after.add_task(leave, parts, routed)
    return route_out(routed.found, moved=True)


async def _routed(parts: Parts, read: Callable[[Session], Found], found: Found, failed: int) -> Found | Move:
    """The session at its present node, or its move to another one."""
    now = parts.utc_now()
    for _ in range(TRIES):
        why = await _why(parts, found, failed, now)
        if isinstance(why, Stay):
            if why.refused:
                await tell(
                    parts, partial(moving.say_stays, keyring=parts.keys.keyring, found=found, now_utc=now)
                )
            present = await parts.reading(read)  # its node has told its address, if nobody had noted it
            if present.assignment.epoch == found.assignment.epoch:
                return present
        else:
            try:
                return await move(parts, found, why)
            except (Rejected, Unavailable) as error:
                if why is Because.ASKED and error.code in NO_OTHER:
                    break  # its node answers, and the page goes on trying that one
                if error.code != HANDED_OVER:
                    raise
            present = await parts.reading(read)
        found, failed = present, 0  # another request was first: ask the node that it chose
    return await parts.reading(read)


def _find(db: Session, claims: Claims, reference: str, now: datetime) -> Found:
    found = sessions.find(db, claims.tenant_id, reference)
    check_own_session(claims, found.session.id, found.candidate.reference)
    sessions.check_running(found.session, now)
    return found


async def _why(parts: Parts, found: Found, failed: int, now: datetime) -> Because | Stay:
    answers = await _answers(parts, found)
    asked = await parts.reading(lambda db: assignments.moved_utc(db, found.session.id, Because.ASKED))
    return decide(answers, failed, asked, now)


async def _answers(parts: Parts, found: Found) -> bool | None:
    """Whether the session's node answers that it watches the session; None: nobody knows."""
    node_id = found.assignment.node_id
    never = parts.fleet.state(node_id) is None
    unheard = never and parts.fleet.silent_s(node_id, parts.clock()) < MISSING_AFTER_S
    if not parts.hub.connected or unheard:
        return None
    try:
        there = await watches(parts, found, ANSWERS_WITHIN_S)
        if there is not None:
            return there
        order = await prepare(parts, found)
    except ProctorError:
        return None  # that is the coordinator's own trouble, or the session has just ended or moved on
    return await resume_with(parts, found, order, ANSWERS_WITHIN_S)
