"""Moves one session: to the best node that takes it, with what the former one knew.

The next epoch is recorded before the next node is told, so its first alert finds it. If the node does not
take the session, the next best is tried, under one more epoch. The former node is told last: the page is
without its media anyway, and a node that is gone does not answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.admission import NO_ANSWER
from coordinator.nodes.assignments import Because
from coordinator.nodes.service import CLOSED
from coordinator.nodes.tables import Assignment
from coordinator.sessions import service as sessions
from coordinator.sessions.ending import send_end, tell_node
from coordinator.sessions.moving import service as moving
from coordinator.sessions.moving.failover import failover_alert
from coordinator.sessions.service import Found
from coordinator.sessions.starting.again import prepare, send
from coordinator.sessions.starting.assignment import Facts, stored_facts
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError, Rejected, Unavailable
from shared.messages.sessions import EndSession, SessionAccepted

log = logging.getLogger(__name__)

TAKES_WITHIN_S: Final = 4.0
"""How long a node may take where a page waits: it gives the coordinator 8 s, `moving.routes.ANSWERS_WITHIN_S`
of them for its present node. One that takes longer, to open another version of a network, has it open when
the page asks again."""
_GONE: Final = frozenset({Because.SILENT, Because.REVOKED})
"""A node that a session leaves for this reason does not get it back."""
_GAPS: Final = frozenset({Because.SILENT, Because.ASKED})
"""A page was there and had lost its media, also before its exam begins. Whoever moves a session for another
reason before that costs it nothing, so nobody is told."""


@dataclass(frozen=True, slots=True)
class Move:
    """A session that goes on at its next node, and the assignments that are over: `leave` them."""

    found: Found
    former: tuple[Assignment, ...]


async def move(parts: Parts, found: Found, because: Because) -> Move:
    """Move a session. Raises `Rejected` ("node-full", or 410 after its end) and `Unavailable`
    ("no-node-online", or "handed-over" if another request was first).

    If other nodes have failed to take it, a node that still answers gets it back.
    """
    home = found.assignment.node_id
    left: list[Assignment] = []
    tried = {home}
    while True:
        try:
            node_id = await _next_node(parts, found, tried, because)
        except (Rejected, Unavailable):
            if not left or because in _GONE or found.assignment.node_id == home:
                raise
            node_id = home
        tried.add(node_id)
        try:
            given = await _given(parts, found, node_id, because, back=node_id == home)
        except Rejected as error:
            if error.code != CLOSED:
                raise
            continue  # it was cordoned since its last heartbeat
        left.append(found.assignment)
        found = given
        if await _taken(parts, found, TAKES_WITHIN_S if because in _GAPS else None):
            log.warning(
                "a session has moved to another node",
                extra={"session_id": found.session.id, "node_id": node_id, "reason": because.value},
            )
            return Move(await parts.reading(partial(moving.reread, found=found)), tuple(left))


async def leave(parts: Parts, done: Move) -> None:
    """Tell the former nodes that another one goes on with the session."""
    for one in done.former:
        if one.node_id == done.found.assignment.node_id:
            continue  # it came back, so its later assignment has replaced this one
        order = EndSession(session_id=one.session_id, submitted=False, epoch=one.epoch, handed_over=True)
        await send_end(parts, one.node_id, order)


async def _facts(parts: Parts, found: Found) -> Facts:
    return await parts.reading(lambda db: stored_facts(db, parts.keys, found))


async def _next_node(parts: Parts, found: Found, tried: set[UUID], because: Because) -> UUID:
    facts = await _facts(parts, found)
    node_id = found.assignment.node_id
    # One that was revoked is forgotten, and one that died may never have been heard by this coordinator.
    said = parts.fleet.region(node_id)
    region = said or await parts.reading(lambda db: nodes.find(db, node_id).region)
    picked = parts.fleet.pick(
        parts.clock(),
        region=region,
        recognisers=[template.recogniser for template in facts.templates],
        networks=set(facts.networks.values()),
        lowest_level=facts.policy.lowest_level,
        without=tried,
    )
    if because is Because.LOW and picked.heartbeat.level > facts.policy.lowest_level:
        raise Unavailable("no other node accepts the exam's lowest level", code="no-node-online")
    return picked.heartbeat.node_id


async def _given(parts: Parts, found: Found, node_id: UUID, because: Because, *, back: bool) -> Found:
    """Record the next assignment, and the alert about the move."""
    now_utc = parts.utc_now()
    since_utc = _heard_utc(parts, found.assignment.node_id, because, now_utc)

    def write(db: Session) -> tuple[Found, Stored | None]:
        given = moving.give(db, found, node_id, because, now_utc, back=back)
        said = None
        if because in _GAPS or now_utc >= found.session.begins_utc:
            said = moving.raise_failover(
                db,
                parts.keys.keyring,
                found.session.id,
                lambda subject: failover_alert(subject, since_utc, now_utc, because),
                now_utc,
            )
        moving.write_down(db, given, because, now_utc)
        return given, said

    given, said = await parts.writing(write)
    if said is not None:
        parts.rooms.tell(said.session_id, said.shown, said.revision)
    return given


def _heard_utc(parts: Parts, node_id: UUID, because: Because, now_utc: datetime) -> datetime:
    state = parts.fleet.state(node_id)
    return now_utc if state is None or because is not Because.SILENT else min(now_utc, state.heard_utc)


async def _taken(parts: Parts, found: Found, within_s: float | None) -> bool:
    """Whether the node takes the session. If not, it may have, so it is told to end it; one that does not
    answer is told later, by whoever leaves the former nodes or by `sweeping`."""
    told_utc = parts.utc_now()
    order = await prepare(parts, found)
    try:
        accepted = await send(parts, found, order, within_s)
    except ProctorError as error:
        log.warning(
            "a node does not take a session that moves",
            extra={
                "session_id": found.session.id,
                "node_id": found.assignment.node_id,
                "error": type(error).__name__,
            },
        )
        if isinstance(error, Unavailable) and error.code == NO_ANSWER:
            parts.miss(found.assignment.node_id)
        else:
            await _end_here(parts, found)
        return False
    return await _settled(parts, found, accepted, told_utc)


async def _settled(parts: Parts, found: Found, accepted: SessionAccepted, told_utc: datetime) -> bool:
    """Note the node's address, and up to when it knows what was stored. Raises as `move` does if the session
    has ended or moved on meanwhile."""
    now_utc, own = parts.utc_now(), found.assignment

    def note(db: Session) -> bool:
        assignments.note_handed(db, own.session_id, own.epoch, told_utc)
        return sessions.note_address(db, found, accepted, now_utc)

    if await parts.writing(note):
        return True
    try:
        await parts.reading(lambda db: sessions.as_now(db, found, now_utc))
    except Rejected:
        await tell_node(parts, found.assignment.node_id, found.session.id, submitted=False)
        raise
    except Unavailable:
        await _end_here(parts, found)
        raise
    await _end_here(parts, found)
    return False


async def _end_here(parts: Parts, found: Found) -> None:
    own = found.assignment
    order = EndSession(session_id=own.session_id, submitted=False, epoch=own.epoch, handed_over=True)
    await send_end(parts, own.node_id, order)
