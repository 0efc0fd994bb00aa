"""Keeps nodes and database of one mind about which sessions run.

A node names its sessions in each heartbeat. What it names and the database says is over, or has never known,
is ended on the node: after an `end` that got lost, or a `start` that was answered too late. A session the
database does not know gets one more round, because its start may still be committing. What the database says
a node watches and the node does not name is started there again: the node has lost it in a restart.
In the same round `absence` looks for sessions whose page is not there, and `changing` tells nodes again
what they have missed of a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.nodes.fleet import NodeState
from coordinator.sessions import service as sessions
from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.changing.telling import mend
from coordinator.sessions.ending import tell_node
from coordinator.sessions.service import Found
from coordinator.sessions.starting.again import resume
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.messages import HEARTBEAT_INTERVAL_S

INTERVAL_S: Final = 5.0
MAX_TOLD: Final = 50
"""Ends, and starts, sent in one round; the rest follows in the next."""
SETTLED_AFTER: Final = timedelta(seconds=2 * HEARTBEAT_INTERVAL_S)
"""A session younger than this may be missing in a heartbeat that was under way when it started."""

Naming = tuple[UUID, UUID]
"""A node and a session it names."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says of a round's nodes and sessions."""

    running: set[UUID]
    stored: set[UUID]
    assigned: list[Found]


async def run(parts: Parts) -> None:
    """Sweep every heartbeat's time until cancelled."""
    unknown: set[Naming] = set()
    differed: set[UUID] = set()
    absences = Absences()
    while True:
        await asyncio.sleep(INTERVAL_S)
        unknown = await sweep(parts, unknown)
        differed = await mend(parts, differed)
        with suppress(Unavailable):  # the database is away: the next round says it
            await absences.round(parts)


async def sweep(parts: Parts, unknown_before: set[Naming]) -> set[Naming]:
    """One round; returns what is named by nodes and unknown here, for the next one."""
    states = parts.fleet.online(parts.clock())
    if not states:
        return set()
    named = places(states)
    try:
        known = await parts.reading(lambda db: _known(db, states, named, datetime.now(UTC)))
    except Unavailable:
        return unknown_before
    unknown = {place for place in named if place[1] not in known.stored}
    over = {place for place in named if place[1] in known.stored and place[1] not in known.running}
    for node_id, session_id in sorted(over | (unknown & unknown_before))[:MAX_TOLD]:
        await tell_node(parts, node_id, session_id, submitted=False)
    lost = [found for found in known.assigned if (found.session.node_id, found.session.id) not in named]
    for found in lost[:MAX_TOLD]:
        await resume(parts, found)
    return unknown


def places(states: Iterable[NodeState]) -> set[Naming]:
    """Which node names which sessions."""
    return {(s.heartbeat.node_id, session.session_id) for s in states for session in s.heartbeat.sessions}


def _known(db: Session, states: list[NodeState], named: set[Naming], now_utc: datetime) -> _Known:
    running, stored = sessions.running_among(db, {session for _, session in named}, now_utc)
    nodes = {state.heartbeat.node_id for state in states}
    settled_utc = min(state.heard_utc for state in states) - SETTLED_AFTER
    return _Known(running, stored, sessions.running_on(db, nodes, settled_utc, now_utc))
