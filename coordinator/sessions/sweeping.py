"""Keeps nodes and database in agreement about the running sessions.

A node names its sessions in each heartbeat. Sessions that are over in the database, assigned to another node
by now, or unknown are ended on the node: after a lost `end`, a hand-over, or a `start` that was answered too
late. A session unknown to the database gets one more round, because its start may still be committing.
Sessions that are assigned to a node but not named by it, or named with an older epoch, are started there
again: the node has lost them in a restart. A node that has just started is looked at immediately, since its
candidates wait. In the same round `absence` looks for sessions without a connected page, `changing` sends
nodes again the changes that they missed, `moving` moves the sessions of revoked nodes, of nodes that are
drained and of nodes whose level is too low for an exam, and ends what former nodes delivered late or no node
has ended, `watched` stores how much nobody watched, and `trouble` raises alerts about nodes' wrong clocks and
missing alerts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.nodes.assignments import Held, may_keep
from coordinator.nodes.fleet import NodeState
from coordinator.sessions import service as sessions
from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.changing.telling import mend
from coordinator.sessions.ending import send_end, tell_node
from coordinator.sessions.moving.draining import Drains, leave_low, leave_revoked
from coordinator.sessions.moving.telling import LeftOpen, clear_failovers, end_late_ones
from coordinator.sessions.service import Found
from coordinator.sessions.starting.again import resume
from coordinator.sessions.trouble.telling import Troubles
from coordinator.sessions.watched.noting import Unseen
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S
from shared.messages.sessions import EndSession

INTERVAL_S: Final = 5.0
MAX_TOLD: Final = 50
"""The most ends and starts sent in one round; the others follow in the next."""
RESUMED_AT_ONCE: Final = 8
SETTLED_AFTER: Final = timedelta(seconds=2 * HEARTBEAT_INTERVAL_S)
"""A heartbeat may have been sent before a session was assigned: for assignments younger than this, the new
node may not name the session yet, and the former one may still name it."""

Naming = tuple[UUID, UUID]
"""A node and a session that it names."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The database's state of a round's nodes and sessions."""

    settled_utc: datetime
    """Assignments made before this time are in the heartbeats."""
    holders: Mapping[UUID, Held | None]
    """The node that holds each known session; None: the session is over."""
    assigned: list[Found]
    """The sessions assigned to these nodes since then."""


class Booted:
    """The nodes that have started since the last round; one loop waits for them."""

    def __init__(self) -> None:
        self._nodes: set[UUID] = set()
        self._news = asyncio.Event()

    def note(self, node_id: UUID) -> None:
        """Note the first heartbeat of a node since its start."""
        self._nodes.add(node_id)
        self._news.set()

    async def wait(self, longest_s: float) -> frozenset[UUID]:
        """The nodes noted so far, as soon as there is one; none after `longest_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._news.wait()
        self._news.clear()
        nodes, self._nodes = frozenset(self._nodes), set()
        return nodes


async def run(parts: Parts, booted: Booted) -> None:
    """Run a round after every heartbeat interval and whenever a node has started, until cancelled."""
    unknown: set[Naming] = set()
    differed: set[UUID] = set()
    absences, unseen, troubles, left_open, drains = Absences(), Unseen(), Troubles(), LeftOpen(), Drains()
    round_at = parts.clock() + INTERVAL_S
    while True:
        fresh = await booted.wait(max(0.0, round_at - parts.clock()))
        if fresh:
            await resume_all(parts, fresh)
        if parts.clock() < round_at:
            continue
        round_at = parts.clock() + INTERVAL_S
        unknown = await sweep(parts, unknown)
        differed = await mend(parts, differed)
        with suppress(Unavailable):
            await leave_revoked(parts)
            await drains.round(parts)
            await leave_low(parts)
        with suppress(Unavailable):  # the database is unavailable: the next round repeats it
            await absences.round(parts)
            await unseen.round(parts)
            await troubles.round(parts)
            await clear_failovers(parts)
            await end_late_ones(parts)
            await left_open.round(parts)


async def sweep(parts: Parts, unknown_before: set[Naming]) -> set[Naming]:
    """Run one round. Returns the sessions that nodes name and the database does not know, for the next
    round."""
    states = parts.fleet.online(parts.clock())
    if not states:
        return set()
    named = places(states)
    try:
        known = await parts.reading(lambda db: _known(db, states, named, datetime.now(UTC)))
    except Unavailable:
        return unknown_before
    unknown = {place for place in named if place[1] not in known.holders}
    ended = {
        (node_id, session_id)
        for (node_id, session_id), epoch in named.items()
        if session_id in known.holders
        and not may_keep(known.holders[session_id], node_id, epoch, known.settled_utc)
    }
    for node_id, session_id in sorted(ended | (unknown & unknown_before))[:MAX_TOLD]:
        if known.holders.get(session_id) is None:
            await tell_node(parts, node_id, session_id, submitted=False)
            continue
        former = named[node_id, session_id]
        order = EndSession(session_id=session_id, submitted=False, epoch=former, handed_over=True)
        await send_end(parts, node_id, order)
    await _resumed(parts, _lost(known.assigned, named)[:MAX_TOLD])
    return unknown


async def resume_all(parts: Parts, node_ids: Collection[UUID]) -> None:
    """Start again all sessions that nodes do not name in their first heartbeat, even new ones: a node that
    has just started has no others."""
    now_utc = datetime.now(UTC)
    states = (parts.fleet.state(node_id) for node_id in node_ids)
    named = places(state for state in states if state is not None)
    try:
        assigned = await parts.reading(lambda db: sessions.running_on(db, set(node_ids), now_utc, now_utc))
    except Unavailable:
        return  # the next round finds them
    await _resumed(parts, _lost(assigned, named))


async def _resumed(parts: Parts, lost: Iterable[Found]) -> None:
    turns = asyncio.Semaphore(RESUMED_AT_ONCE)

    async def one(found: Found) -> None:
        async with turns:
            await resume(parts, found)

    async with asyncio.TaskGroup() as tasks:
        for found in lost:
            tasks.create_task(one(found))


def places(states: Iterable[NodeState]) -> dict[Naming, int]:
    """The sessions that each node names, with their epochs."""
    return {
        (node.heartbeat.node_id, session.session_id): session.epoch
        for node in states
        for session in node.heartbeat.sessions
    }


def _lost(assigned: Iterable[Found], named: Mapping[Naming, int]) -> list[Found]:
    """The sessions that nodes must watch but do not name, or name under an older epoch."""
    return [one for one in assigned if named.get(_naming(one), 0) < one.assignment.epoch]


def _naming(found: Found) -> Naming:
    return found.assignment.node_id, found.session.id


def _known(db: Session, states: list[NodeState], named: Iterable[Naming], now_utc: datetime) -> _Known:
    nodes = {state.heartbeat.node_id for state in states}
    settled_utc = min(state.heard_utc for state in states) - SETTLED_AFTER
    return _Known(
        settled_utc=settled_utc,
        holders=sessions.held_now(db, {session_id for _, session_id in named}, now_utc),
        assigned=sessions.running_on(db, nodes, settled_utc, now_utc),
    )
