"""Clears the alert about a move as soon as the session's next node watches, or the session is over; ends what
a former node delivered late, and what a session's node has left open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from coordinator.sessions import service as sessions
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.lasting.telling import tell
from coordinator.sessions.moving import late_service as late
from coordinator.sessions.moving.failover import EVENT, ended_failover
from coordinator.sessions.moving.late_service import Late
from coordinator.web_api.parts import Parts

MAX_SAID: Final = 50
"""The most alerts written in one round; the others follow in the next."""
LEFT_OPEN_EVERY: Final = timedelta(minutes=1)
"""All alerts of the last days are looked through."""
GOES_ON: Final = frozenset({"watching", "withheld", "paused"})
"""Phases of a session whose page has arrived at its next node, or is not expected there."""


async def clear_failovers(parts: Parts, now_utc: datetime | None = None) -> None:
    """Run one round. Raises `Unavailable` if the database cannot be reached."""
    now_utc = now_utc or datetime.now(UTC)
    said = await parts.reading(lambda db: lasting.still_open(db, EVENT, now_utc))
    if not said:
        return
    held = await parts.reading(lambda db: sessions.held_now(db, said, now_utc))
    arrived = _arrived(parts)
    over = []
    for one in sorted(said):
        holder = held.get(one)
        if holder is None or (one, holder.node_id, holder.epoch) in arrived:
            over.append(one)
    for one in over[:MAX_SAID]:
        clear = partial(
            lasting.clear_one,
            keyring=parts.keys.keyring,
            session_id=one,
            event=EVENT,
            now_utc=now_utc,
            write=ended_failover,
        )
        await tell(parts, clear)


async def end_late_ones(parts: Parts, now_utc: datetime | None = None) -> None:
    """Run one round. Raises `Unavailable` if the database cannot be reached."""
    now_utc = now_utc or datetime.now(UTC)
    await _end(parts, await parts.reading(lambda db: late.late_ones(db, now_utc, MAX_SAID)), now_utc)


class LeftOpen:
    """Ends what is still open in sessions that are over; remembers when it has looked."""

    def __init__(self) -> None:
        self._looked_utc: datetime | None = None

    async def round(self, parts: Parts, now_utc: datetime | None = None) -> None:
        """Run one round, if one is due. Raises `Unavailable` if the database cannot be reached."""
        now_utc = now_utc or datetime.now(UTC)
        if self._looked_utc is not None and abs(now_utc - self._looked_utc) < LEFT_OPEN_EVERY:
            return
        await _end(parts, await parts.reading(lambda db: late.left_open(db, now_utc, MAX_SAID)), now_utc)
        self._looked_utc = now_utc


async def _end(parts: Parts, ones: Sequence[Late], now_utc: datetime) -> None:
    for one in ones:
        end = partial(late.end_one, keyring=parts.keys.keyring, one=one, now_utc=now_utc)
        await tell(parts, end)


def _arrived(parts: Parts) -> set[tuple[UUID, UUID, int]]:
    """The sessions that go on at a node under an epoch."""
    return {
        (session.session_id, node.heartbeat.node_id, session.epoch)
        for node in parts.fleet.online(parts.clock())
        for session in node.heartbeat.sessions
        if session.phase in GOES_ON
    }
