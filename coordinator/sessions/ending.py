"""Ends a session: first here, in one transaction that also destroys speech excerpts, then on its node.

A candidate can submit while its node cannot be reached: the session is over after the commit, and `sweeping`
tells the node again as long as its heartbeats still name the session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.excerpts import service as excerpts
from coordinator.nodes import asking, assignments_service as assignments
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from coordinator.sessions.watched.noting import note_end
from coordinator.web_api.parts import Parts
from shared.alerts import Alert, Shown
from shared.api.sessions import SessionEndResponse
from shared.errors import ProctorError, Unavailable
from shared.events.types import EventType
from shared.messages.sessions import EndSession
from shared.notices import RAISED

_AFTER_SUBMITTED = timedelta(milliseconds=1)
"""Every list sorts by time and id; this keeps the order of two milestones of the same instant."""

log = logging.getLogger(__name__)


async def end(
    parts: Parts,
    found: Found,
    now_utc: datetime,
    *,
    submitted: bool,
    because: Callable[[Session], Alert] | None = None,
) -> SessionEndResponse:
    """End a session; returns the same answer if it has already ended.

    `because`, given when a proctor terminates the session, records that in the same transaction. The exam is
    then over for this candidate: a start that is under way either reads this, or is found by a later search
    for the candidate's other sessions.
    """
    milestones = {EventType.SUBMITTED: now_utc} if submitted else {}
    milestones[EventType.SESSION_ENDED] = now_utc + _AFTER_SUBMITTED

    def mark(db: Session) -> tuple[datetime, list[Alert], int, UUID]:
        if because is not None:
            candidates.lock(db, found.candidate)
        ended_utc = sessions.mark_ended(db, found.session, now_utc, terminated=because is not None)
        node_id = assignments.holder(db, found.session.id)  # it may have moved since it was found
        if ended_utc != now_utc:
            return ended_utc, [], 0, node_id
        keyring = parts.keys.keyring
        destroyed = excerpts.forget(db, found.session, now_utc)
        cause = [because(db)] if because is not None else []
        made = [
            sessions.add_milestone(db, keyring, found, event, at_utc) for event, at_utc in milestones.items()
        ]
        return ended_utc, cause + made, destroyed, node_id

    ended_utc, made, destroyed, node_id = await parts.writing(mark)
    for milestone in made:
        parts.rooms.tell(found.session.id, Shown(milestone), RAISED)
    parts.rooms.end(found.session.id)
    # In parallel: a reader may delay the scrub, and an unreachable node the command.
    after: list[Awaitable[object]] = [asyncio.to_thread(parts.database.scrub)] if destroyed else []
    if ended_utc == now_utc:
        after.append(tell_node(parts, node_id, found.session.id, submitted=submitted))
    await asyncio.gather(*after)
    return SessionEndResponse(status="ended", session_id=found.session.reference, ended_at=ended_utc)


async def tell_node(parts: Parts, node_id: UUID, session_id: UUID, *, submitted: bool) -> bool:
    """Tell a node that a session is over. Returns False if it did not answer, which is not an error here."""
    told = await send_end(parts, node_id, EndSession(session_id=session_id, submitted=submitted))
    try:
        await parts.state_stream.remove(session_id)  # after the answer its node sends no more of them
    except Unavailable as error:
        log.warning("a session's states stay until they expire", extra={"error": str(error)})
    return told


async def send_end(parts: Parts, node_id: UUID, order: EndSession) -> bool:
    """Tell a node to end a session, or one assignment of it. Returns False if it did not answer."""
    try:
        await note_end(parts, node_id, await asking.end(parts.commander, node_id, order))
        return True
    except ProctorError as error:
        log.warning(
            "a node did not get a session's end; sending it again",
            extra={"node_id": node_id, "session_id": order.session_id, "error": type(error).__name__},
        )
        return False
