"""Stores what nodes report about candidates' pages, as soon as a heartbeat has something new."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from coordinator.nodes.fleet import NodeState
from coordinator.sessions.presence import service as presence
from coordinator.web_api.parts import Parts
from shared.card_delay import NOTED_EVERY_S
from shared.errors import Unavailable

MAX_NOTED: Final = 500
"""The most sessions written in one transaction; the others follow in the next."""
MAX_REMEMBERED: Final = 10_000
RETRY_S: Final = 1.0


class Pages:
    """One coordinator's memory of what it has written. Must not be used by two tasks at once."""

    def __init__(self) -> None:
        self._written: OrderedDict[UUID, str] = OrderedDict()
        self._news = asyncio.Event()

    def heard(self) -> None:
        """Note that a heartbeat has arrived."""
        self._news.set()

    async def run(self, parts: Parts) -> None:
        """Write after each heartbeat, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.round(parts, datetime.now(UTC))
            except Unavailable:  # the database cannot be reached; the next round writes it
                self._news.set()
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(NOTED_EVERY_S)

    async def round(self, parts: Parts, now_utc: datetime) -> None:
        """Write what has changed since the last write. Raises `Unavailable` if the database cannot be
        reached."""
        said = said_by(parts.fleet.online(parts.clock()))
        changed = {one: phase for one, phase in said.items() if self._written.get(one) != phase}
        now = dict(list(changed.items())[:MAX_NOTED])
        if not now:
            return
        await parts.writing(lambda db: presence.note(db, now, now_utc))
        parts.rooms.walls.stir()
        for one, phase in now.items():
            self._written[one] = phase
            self._written.move_to_end(one)
        while len(self._written) > MAX_REMEMBERED:
            self._written.popitem(last=False)
        if len(now) < len(changed):
            self._news.set()


def said_by(nodes: Iterable[NodeState]) -> dict[UUID, str]:
    """The phase of each session in the last heartbeats. If two nodes report one session, the later assignment
    counts."""
    said: dict[UUID, tuple[int, str]] = {}
    for node in nodes:
        for state in node.heartbeat.sessions:
            if said.get(state.session_id, (0,))[0] < state.epoch:
                said[state.session_id] = state.epoch, state.phase[:40]
    return {session_id: phase for session_id, (_, phase) in said.items()}
