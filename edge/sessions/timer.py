"""Calls a function at a deadline of the session clock, on the event loop, and tells how late it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from edge.rules.failures import LATE_S

LEAST_PAUSE_S: Final = 0.02
"""The shortest time between two ticks, whatever the deadline is."""
PULSE_S: Final = 1.0
"""While there is a deadline, the timer wakes up at least this often, because only a late wake-up shows that
the event loop was blocked. Up to this much of a block is not seen."""


class Timer:
    """Calls `tick` when the deadline is reached, while `run` runs. The deadline may move at any time."""

    def __init__(
        self,
        deadline: Callable[[], float | None],
        tick: Callable[[float], None],
        now_s: Callable[[], float],
    ) -> None:
        """`deadline` returns when `tick` is next due; None means not before another event. `tick` takes the
        seconds by which it is late."""
        self._deadline = deadline
        self._tick = tick
        self._now_s = now_s
        self._moved = asyncio.Event()
        self._armed_s = float("inf")

    def moved(self) -> None:
        """Tell that the deadline may be nearer now."""
        deadline_s = self._deadline()
        if deadline_s is not None and deadline_s < self._armed_s:
            self._moved.set()

    async def run(self) -> None:
        """Wait for deadlines until cancelled."""
        least_s = 0.0
        while True:
            self._moved.clear()
            deadline_s = self._deadline()
            if deadline_s is None:
                self._armed_s = float("inf")
                await self._moved.wait()
                continue
            begins_s = self._now_s()
            due_s = self._armed_s = min(max(deadline_s, begins_s, least_s), begins_s + PULSE_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), due_s - begins_s)
            now_s, deadline_s = self._now_s(), self._deadline()  # it may have been taken back meanwhile
            if deadline_s is not None and (now_s >= deadline_s or now_s - due_s > LATE_S):
                self._tick(max(0.0, now_s - due_s))
                least_s = now_s + LEAST_PAUSE_S
