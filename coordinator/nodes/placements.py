"""Defines whether a node gets new sessions, and what is left on one that gets none. Pure.

    open       it gets sessions
    cordoned   it gets no new ones; those that it has stay
    draining   the same, and it is to become empty: running exams go on until they end, or move if that is
               wanted

Nobody is moved here. `left_on` tells the sessions apart: those whose exam has not begun move without being
noticed (`sessions.moving.draining`), the others cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID


class Placement(StrEnum):
    """Whether a node gets new sessions."""

    OPEN = "open"
    CORDONED = "cordoned"
    DRAINING = "draining"


DRAINS_AGAIN: Final = timedelta(seconds=30)
"""After so long a drain is gone on with: by then whoever was told to drain has moved what moves."""


@dataclass(frozen=True, slots=True)
class Draining:
    """A node that is being drained, since when, and whether running exams move from it too."""

    node_id: UUID
    since_utc: datetime
    running: bool

    def goes_on(self, looked_utc: datetime | None, now_utc: datetime) -> bool:
        """Whether what is left is tried again. `looked_utc`: when that was done last."""
        return now_utc - max(self.since_utc, looked_utc or self.since_utc) >= DRAINS_AGAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSession:
    """A session that is not over, as far as its node's drain needs it."""

    session_id: UUID
    begins_utc: datetime
    """When its exam begins."""
    expires_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a node still has."""

    waiting: tuple[UUID, ...]
    """Sessions whose exam has not begun: they may be moved to another node."""
    running: tuple[UUID, ...]
    """Sessions in their exam: they stay until it ends, unless somebody decides otherwise."""
    until_utc: datetime | None
    """When the last of them ends at the latest; None: the node is empty."""

    @property
    def count(self) -> int:
        """All of them; 0: the node is empty."""
        return len(self.waiting) + len(self.running)


def left_on(held: Iterable[HeldSession], now_utc: datetime) -> Left:
    """The sessions that a node still has, those that end first at the front."""
    ordered = sorted(held, key=lambda one: (one.expires_utc, one.session_id))
    return Left(
        waiting=tuple(one.session_id for one in ordered if now_utc < one.begins_utc),
        running=tuple(one.session_id for one in ordered if now_utc >= one.begins_utc),
        until_utc=ordered[-1].expires_utc if ordered else None,
    )
