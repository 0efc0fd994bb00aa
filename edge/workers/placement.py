"""Decides which worker takes a session, when one is spawned again, and when a session is given up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WAITS_S: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before a worker is spawned again, by the number of its ends within `REMEMBERED_S` before; the last one for
all further ends."""
REMEMBERED_S: Final = 300.0
MOST_MOVES: Final = 4
"""If more workers have ended under a session within `REMEMBERED_S`, it may be what ends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What decides whether a worker takes another session."""

    number: int
    running: bool
    sessions: int


def most_room(rooms: Iterable[Room]) -> int | None:
    """The number of the worker with the most room: with the fewest sessions, because all have the same share
    of the host. None when no worker runs."""
    able = [room for room in rooms if room.running]
    best = min(able, key=lambda room: (room.sessions, room.number), default=None)
    return None if best is None else best.number


def wait_before(ends_s: Sequence[float], now_s: float) -> float:
    """Seconds to wait before a worker is spawned again, from the times of its ends so far."""
    recent = sum(now_s - at_s <= REMEMBERED_S for at_s in ends_s)
    return WAITS_S[min(max(recent - 1, 0), len(WAITS_S) - 1)]


def gives_up(moves_s: Sequence[float], now_s: float) -> bool:
    """Whether a session is not moved again, from the times at which its workers ended."""
    return sum(now_s - at_s <= REMEMBERED_S for at_s in moves_s) > MOST_MOVES
