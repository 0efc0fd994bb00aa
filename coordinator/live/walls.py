"""Keeps the open walls of proctors: the sessions that each shows, and their newest alerts since the last
batch.

Runs on the event loop and never waits. At most one alert per shown session is kept for a wall, so a slow
browser delays nobody and memory stays bounded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.alerts import Alert
from shared.errors import Unavailable
from shared.notices import RAISED

MAX_SHOWN: Final = 1_000
"""The most sessions on one wall."""
MAX_WALLS: Final = 200
MAX_WALLS_PER_BEARER: Final = 5


@dataclass(eq=False, slots=True)
class Wall:
    """One open wall."""

    bearer: str
    """The person who looks at it (`Claims.bearer`)."""
    asked: tuple[str, ...] = ()
    """The exam_session_ids that its page shows."""
    shown: frozenset[UUID] = frozenset()
    """The database ids of those that exist."""
    news: dict[UUID, Alert] = field(default_factory=dict)
    """By session, the newest alert since the last batch."""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its cards may have changed."""


class Walls:
    """All walls of this process."""

    def __init__(self) -> None:
        self._walls: dict[Wall, None] = {}
        self._of_bearer: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._walls)

    def hang(self, wall: Wall) -> None:
        """Add a wall. Raises `Unavailable` ("too-many-listeners") if its bearer or this process has too
        many."""
        if len(self) >= MAX_WALLS or self._of_bearer[wall.bearer] >= MAX_WALLS_PER_BEARER:
            raise Unavailable("too many walls are open; close one", code="too-many-listeners")
        self._walls[wall] = None
        self._of_bearer[wall.bearer] += 1

    def take_down(self, wall: Wall) -> None:
        """Remove a wall."""
        del self._walls[wall]
        self._of_bearer[wall.bearer] -= 1
        self._of_bearer += Counter()

    def stir(self) -> None:
        """Note that stored cards have changed: every wall reads them at once."""
        for wall in self._walls:
            wall.stirred.set()

    def show(self, session_id: UUID) -> bool:
        """Whether a wall shows this session."""
        return any(session_id in wall.shown for wall in self._walls)

    def tell(self, session_id: UUID, alert: Alert, revision: int) -> None:
        """Note a session's new alert for the walls that show it."""
        if revision != RAISED:
            return
        for wall in self._walls:
            if session_id in wall.shown:
                wall.news[session_id] = alert
