"""Counts recent restarts of the engine."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Final

MAX_RESTARTS: Final = 5
RESTART_WINDOW_S: Final = 60.0
"""An engine with more than `MAX_RESTARTS` restarts within this time does not work."""


class Restarts:
    """The engine's latest restarts."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=MAX_RESTARTS + 1)

    def note(self, _: str) -> None:
        """Note that the engine was restarted now because of a stuck call."""
        self._at.append(monotonic())

    def too_many(self, now: float) -> bool:
        """Whether the last minute had too many restarts."""
        return sum(now - at <= RESTART_WINDOW_S for at in self._at) > MAX_RESTARTS
