"""Moves sessions of a node to others: all of one that is drained or was revoked, and of an overloaded one
those whose exam does not accept its level."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from coordinator.nodes.assignments import Because
from coordinator.sessions import service as sessions
from coordinator.sessions.moving import service as moving
from coordinator.sessions.moving.moves import leave, move
from coordinator.sessions.service import Found
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
HIGHEST_ACCEPTED: Final = 1
"""Every exam accepts this level."""
LOW_AT_ONCE: Final = 4
"""Sessions that leave nodes of too low a level in one round. Until the next, heartbeats show what the others
have taken."""


@dataclass(frozen=True, slots=True)
class Drained:
    """How many sessions have moved, and how many stay because no other node took them."""

    moved: int
    stayed: int


async def drain(
    parts: Parts, node_id: UUID, because: Because = Because.DRAINED, *, begun: bool = True
) -> Drained:
    """Move the sessions of a node now. Their pages are told to connect again. `begun`: also those whose exam
    has begun, which nobody watches for some seconds."""
    now_utc = parts.utc_now()
    held = await parts.reading(lambda db: sessions.running_on(db, {node_id}, now_utc, now_utc))
    chosen = [found for found in held if begun or now_utc < found.session.begins_utc]
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(found: Found) -> bool:
        async with turns:
            try:
                await _moved(parts, found, because)
            except ProctorError as error:
                extra = {"session_id": found.session.id, "node_id": node_id, "error": type(error).__name__}
                log.warning("a session stays at a node that is to be empty", extra=extra)
                return False
            return True

    moved = await asyncio.gather(*(one(found) for found in chosen))
    return Drained(moved=sum(moved), stayed=len(moved) - sum(moved))


class Drains:
    """Goes on with drains: with what no node took, and with what a coordinator that has died had not moved.
    Remembers when it has tried."""

    def __init__(self) -> None:
        self._tried_utc: dict[UUID, datetime] = {}

    async def round(self, parts: Parts) -> None:
        """Run one round. Raises `Unavailable` if the database cannot be reached."""
        now_utc = parts.utc_now()
        found = await parts.reading(moving.draining_nodes)
        tried = self._tried_utc
        self._tried_utc = {one.node_id: tried[one.node_id] for one in found if one.node_id in tried}
        for one in found:
            if one.goes_on(tried.get(one.node_id), now_utc):
                self._tried_utc[one.node_id] = now_utc
                await drain(parts, one.node_id, begun=one.running)


async def leave_revoked(parts: Parts) -> None:
    """Run one round: move the running sessions of nodes that were revoked. What no other node takes is tried
    again in the next one. Raises `Unavailable` if the database cannot be reached."""
    now_utc = parts.utc_now()
    for node_id in await parts.reading(lambda db: moving.revoked_holders(db, now_utc)):
        await drain(parts, node_id, Because.REVOKED)


async def leave_low(parts: Parts) -> None:
    """Run one round: move some sessions from nodes whose level is too low for their exam to nodes whose level
    is not. What no other node takes stays, and its own node tells staff. Raises `Unavailable` if the database
    cannot be reached."""
    levels = {one.heartbeat.node_id: one.heartbeat.level for one in parts.fleet.online(parts.clock())}
    lowered = {node_id: level for node_id, level in levels.items() if level > HIGHEST_ACCEPTED}
    if not lowered:
        return
    now_utc, best = parts.utc_now(), min(levels.values())
    low = await parts.reading(lambda db: moving.low_ones(db, lowered, best, now_utc))
    # Any of them: those that no node takes must not keep the others waiting.
    for found in random.sample(low, min(LOW_AT_ONCE, len(low))):
        if not await parts.reading(partial(moving.may_leave, found=found, now_utc=now_utc)):
            continue
        try:
            await _moved(parts, found, Because.LOW)
        except ProctorError as error:
            extra = {"session_id": found.session.id, "error": type(error).__name__}
            log.info("no other node takes a session whose exam does not accept its node's level", extra=extra)


async def _moved(parts: Parts, found: Found, because: Because) -> None:
    """Move a session, and tell its page and its former node. Raises as `move` does."""
    done = await move(parts, found, because)
    parts.rooms.reroute(found.session.id)
    await leave(parts, done)
