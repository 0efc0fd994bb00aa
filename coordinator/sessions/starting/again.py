"""Starts a running session on its node, from the stored data: again after a restart of the node, or after it
has moved there.

The same assignment is sent with the same epoch, so a node that still has the session answers as before. One
that has lost it goes on from the last state that a node has sent.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime

from sqlmodel import Session

from coordinator.nodes import asking, assignments_service as assignments
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import start_session, stored_facts, view_of
from coordinator.sessions.starting.handing import handed
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError, Rejected, Unavailable
from shared.messages.sessions import SessionAccepted, StartSession

log = logging.getLogger(__name__)


async def resume(parts: Parts, found: Found) -> bool:
    """Send `start` again; False if that failed, the next round repeats it."""
    try:
        order = await prepare(parts, found)
    except ProctorError as error:
        return _failed(found, error)
    done = await resume_with(parts, found, order)
    if done and not assignments.settled(found.assignment):
        parts.rooms.reroute(found.session.id)  # nobody could tell its page where it is by now
    return done


async def resume_with(parts: Parts, found: Found, order: StartSession, within_s: float | None = None) -> bool:
    """Send a prepared `start`; False if its node does not take it, or not within this time."""
    try:
        accepted = await send(parts, found, order, within_s)
    except ProctorError as error:
        return _failed(found, error)
    if accepted.signaling_url != found.session.signaling_url or not assignments.settled(found.assignment):
        # The coordinator that moved the session here did not come to note it.
        with suppress(Unavailable):
            await parts.writing(lambda db: _settle(db, found, accepted, parts.utc_now()))
    log.info("a node has started a session again", extra=_places(found))
    return True


async def watches(parts: Parts, found: Found, within_s: float) -> bool | None:
    """Whether the session's node answers, within this time, that it watches the session; None: it answers
    that it does not, or it may not be known where pages reach it. What it had before is not sent.

    Raises as `prepare` does.
    """
    if not assignments.settled(found.assignment):
        return None
    async with parts.orders.turn(found.session.id):
        order = await _order(parts, found, parts.utc_now())
        try:
            async with asyncio.timeout(within_s):
                await asking.change(parts.commander, found.assignment.node_id, order)
                await _send_changed(parts, found, order)
        except Rejected:
            return None
        except (ProctorError, TimeoutError):
            return False
    return True


async def prepare(parts: Parts, found: Found) -> StartSession:
    """The `start` of a session as it is now. Its node is not asked anything.

    Raises `Rejected` if the session is over, `Unavailable` if it has moved on.
    """
    now_utc = parts.utc_now()
    order = await _order(parts, found, now_utc)
    return order.model_copy(update={"handed": await handed(parts, found, now_utc)})


async def send(
    parts: Parts, found: Found, order: StartSession, within_s: float | None = None
) -> SessionAccepted:
    """Send a prepared `start`, and then what has changed meanwhile: the node was not there to be told it.

    Raises as `asking.start` does. `within_s`: how long the node may take; None: as long as for any `start`.
    """
    node_id = found.assignment.node_id
    try:
        async with asyncio.timeout(within_s):
            accepted = await asking.start(parts.commander, node_id, order)
    except TimeoutError as error:
        raise Unavailable("the edge node takes too long to answer", code="node-away") from error
    async with parts.orders.turn(found.session.id):
        await _send_changed(parts, found, order)
    return accepted


async def _send_changed(parts: Parts, found: Found, order: StartSession) -> None:
    """Send what has changed in the session since this order was made."""
    try:
        changed = await _order(parts, found, parts.utc_now())
        same = {"elapsed_s": changed.elapsed_s, "handed": None}
        if order.model_copy(update=same) != changed:
            await asking.change(parts.commander, found.assignment.node_id, changed)
    except ProctorError as error:
        extra = _places(found) | {"error": type(error).__name__}
        log.warning("a node may lack a change of a session; a later round sends it", extra=extra)


def _settle(db: Session, found: Found, accepted: SessionAccepted, now_utc: datetime) -> None:
    own = found.assignment
    if sessions.note_address(db, found, accepted, now_utc) and not assignments.settled(own):
        assignments.note_handed(db, own.session_id, own.epoch, own.from_utc)


async def _order(parts: Parts, found: Found, now_utc: datetime) -> StartSession:
    def read(db: Session) -> StartSession:
        facts = stored_facts(db, parts.keys, sessions.as_now(db, found, now_utc))
        return start_session(facts, view_of(parts, found.assignment.node_id), now_utc)

    return await parts.reading(read)


def _failed(found: Found, error: ProctorError) -> bool:
    extra = _places(found) | {"error": type(error).__name__}
    log.warning("a session could not be started again", extra=extra)
    return False


def _places(found: Found) -> dict[str, object]:
    return {"node_id": found.assignment.node_id, "session_id": found.session.id}
