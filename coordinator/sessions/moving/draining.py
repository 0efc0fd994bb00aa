"""Moves all running sessions of a node to others."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coordinator.nodes.assignments import Because
from coordinator.sessions import service as sessions
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


async def drain(parts: Parts, node_id: UUID) -> Drained:
    """Move every running session of a node now. Their pages are told to connect again."""
    now_utc = parts.utc_now()
    running = await parts.reading(lambda db: sessions.running_on(db, {node_id}, now_utc, now_utc))
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(found: Found) -> bool:
        async with turns:
            try:
                done = await move(parts, found, Because.DRAINED)
            except ProctorError as error:
                extra = {"session_id": found.session.id, "node_id": node_id, "error": type(error).__name__}
                log.warning("a session stays at a node that is drained", extra=extra)
                return False
            parts.rooms.reroute(found.session.id)
            await leave(parts, done)
            return True

    moved = await asyncio.gather(*(one(found) for found in running))
    return Drained(moved=sum(moved), stayed=len(moved) - sum(moved))
