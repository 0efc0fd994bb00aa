"""Tells nodes again of sessions that are over here and go on there.

A node names its sessions in each heartbeat. What it names and the database says is over, or has never known,
is ended on the node: after an `end` that got lost, or a `start` that was answered too late. A session the
database does not know gets one more round, because its start may still be committing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from coordinator.nodes.fleet import NodeState
from coordinator.parts import Parts
from coordinator.sessions import service
from coordinator.sessions.end import tell_node
from shared.errors import Unavailable

INTERVAL_S: Final = 30.0
MAX_TOLD: Final = 50
"""Ends sent in one round; the rest follows in the next."""

Place = tuple[UUID, UUID]
"""A node and a session it names."""


async def run(parts: Parts) -> None:
    """Sweep every half minute until cancelled."""
    unknown: set[Place] = set()
    while True:
        await asyncio.sleep(INTERVAL_S)
        unknown = await sweep(parts, unknown)


async def sweep(parts: Parts, unknown_before: set[Place]) -> set[Place]:
    """One round; returns what is named by nodes and unknown here, for the next one."""
    named = places(parts.fleet.online(parts.clock()))
    if not named:
        return set()
    try:
        running, known = await parts.reading(
            lambda db: service.running_among(db, {session for _, session in named}, datetime.now(UTC))
        )
    except Unavailable:
        return unknown_before
    unknown = {place for place in named if place[1] not in known}
    over = {place for place in named if place[1] in known and place[1] not in running}
    for node_id, session_id in sorted(over | (unknown & unknown_before))[:MAX_TOLD]:
        await tell_node(parts, node_id, session_id, submitted=False)
    return unknown


def places(states: Iterable[NodeState]) -> set[Place]:
    """Which node names which sessions."""
    return {(s.heartbeat.node_id, session.session_id) for s in states for session in s.heartbeat.sessions}
