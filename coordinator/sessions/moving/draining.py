"""Moves the sessions of a node to others: of one that is drained, or was revoked."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
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
                done = await move(parts, found, because)
            except ProctorError as error:
                extra = {"session_id": found.session.id, "node_id": node_id, "error": type(error).__name__}
                log.warning("a session stays at a node that is to be empty", extra=extra)
                return False
            parts.rooms.reroute(found.session.id)
            await leave(parts, done)
            return True

    moved = await asyncio.gather(*(one(found) for found in chosen))
    return Drained(moved=sum(moved), stayed=len(moved) - sum(moved))


async def leave_revoked(parts: Parts) -> None:
    """Run one round: move the running sessions of nodes that were revoked. What no other node takes is tried
    again in the next one. Raises `Unavailable` if the database cannot be reached."""
    now_utc = parts.utc_now()
    for node_id in await parts.reading(lambda db: moving.revoked_holders(db, now_utc)):
        await drain(parts, node_id, Because.REVOKED)
