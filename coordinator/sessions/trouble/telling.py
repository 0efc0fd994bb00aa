"""Raises and clears the alerts of sessions whose node has a wrong clock or whose alerts are missing.

Open alerts are read from the database after a restart and written under a lock, so that each problem is
reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.service import LaneKey
from coordinator.sessions import service as sessions
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.lasting.telling import tell
from coordinator.sessions.milestones import Subject
from coordinator.sessions.trouble import service as trouble
from coordinator.sessions.trouble.wrong import (
    Evidence,
    OpenGap,
    clock_alert,
    gap_alert,
    gaps_since,
    missing_reports,
    open_gaps,
    right_clocks,
    wrong_clocks,
)
from coordinator.web_api.parts import Parts
from shared.alerts import Alert
from shared.events.types import EventType

MAX_SAID: Final = 50
"""The most alerts written in one round; the others follow in the next."""

Write = Callable[[Subject, Evidence, datetime], Alert]


@dataclass(frozen=True, slots=True)
class _Wrong:
    """The nodes that have a problem, with what sessions are told about it."""

    event: EventType
    nodes: Mapping[UUID, Evidence]
    since_utc: Mapping[UUID, datetime]
    """By node; sessions that it has had since then are told too."""
    write: Write


class Troubles:
    """One coordinator's memory of its nodes' problems. Must not be used by two tasks at once."""

    def __init__(self) -> None:
        self._gaps: dict[LaneKey, OpenGap] = {}
        self._open: dict[EventType, set[UUID]] = {}
        """By event, the sessions with an open alert, for events already read from the database."""

    async def round(self, parts: Parts, now_utc: datetime | None = None) -> None:
        """Run one round. Raises `Unavailable` if the database cannot be reached."""
        now_utc = now_utc or datetime.now(UTC)
        skews_s = parts.fleet.skews_s(parts.clock())
        right = right_clocks(skews_s)
        clocks = wrong_clocks(skews_s)
        skewed = _Wrong(EventType.CLOCK_SKEW, clocks, dict.fromkeys(clocks, now_utc), clock_alert)
        await self._tell(parts, skewed, right.__contains__, now_utc)
        found = await parts.reading(nodes.gaps)
        self._gaps = open_gaps(self._gaps, found, now_utc)
        gaps = [(key.node_id, self._gaps[key]) for key in found]
        since_utc = gaps_since(gaps)
        missing = _Wrong(EventType.ALERT_GAP, missing_reports(gaps, now_utc), since_utc, gap_alert)
        await self._tell(parts, missing, lambda node_id: node_id not in since_utc, now_utc)
        await _say_lost(parts, now_utc)

    async def _tell(
        self, parts: Parts, wrong: _Wrong, over: Callable[[UUID], bool], now_utc: datetime
    ) -> None:
        event = wrong.event
        if event not in self._open:
            self._open[event] = await parts.reading(lambda db: lasting.still_open(db, event, now_utc))
        said = self._open[event]
        if wrong.nodes:
            since_utc = {node_id: wrong.since_utc[node_id] for node_id in wrong.nodes}
            theirs = await parts.reading(lambda db: trouble.of_nodes(db, since_utc, now_utc))
            for one in sorted(theirs.keys() - said)[:MAX_SAID]:
                evidence = wrong.nodes[theirs[one]]
                await tell(parts, partial(_raise, parts, one, event, wrong.write, evidence, now_utc))
                said.add(one)
        for one in sorted(await _over(parts, event, said, over, now_utc))[:MAX_SAID]:
            keyring = parts.keys.keyring
            await tell(
                parts,
                partial(lasting.clear_one, keyring=keyring, session_id=one, event=event, now_utc=now_utc),
            )
            said.discard(one)


def _raise(
    parts: Parts,
    session_id: UUID,
    event: EventType,
    write: Write,
    evidence: Evidence,
    now_utc: datetime,
    db: Session,
) -> Stored | None:
    keyring = parts.keys.keyring
    if not trouble.tells(db, keyring, session_id, event):
        return None
    return lasting.raise_one(
        db, keyring, session_id, lambda subject: write(subject, evidence, now_utc), now_utc
    )


async def _over(
    parts: Parts, event: EventType, said: Collection[UUID], over: Callable[[UUID], bool], now_utc: datetime
) -> set[UUID]:
    """The sessions whose problem is over, or that have ended."""
    if not said:
        return set()

    def read(db: Session) -> dict[UUID, set[UUID]]:
        present = sessions.held_now(db, set(said), now_utc)
        holders = {one: {holder.node_id} for one, holder in present.items() if holder is not None}
        if event is EventType.ALERT_GAP:  # what a former node has not sent is missing after a move too
            held = assignments.held(db, holders.keys())
            holders = {one: {each.node_id for each in held[one]} for one in holders}
        return holders

    holders = await parts.reading(read)
    return {one for one in said if all(over(node_id) for node_id in holders.get(one, ()))}


async def _say_lost(parts: Parts, now_utc: datetime) -> None:
    for node_id in await parts.reading(nodes.losing):
        told = await parts.writing(
            partial(trouble.say_lost, keyring=parts.keys.keyring, node_id=node_id, now_utc=now_utc)
        )
        for stored in told:
            parts.rooms.tell(stored.session_id, stored.shown, stored.revision)
