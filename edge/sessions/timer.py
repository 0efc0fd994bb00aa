"""Calls a function at a deadline of the session clock, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

LEAST_PAUSE_S: Final = 0.02
"""Minimum between two ticks, whatever the deadline is."""


class Timer:
    """Calls `tick` when the deadline is reached, while `run` runs. The deadline may move at any time."""

    def __init__(
        self, deadline: Callable[[], float | None], tick: Callable[[], None], now_s: Callable[[], float]
    ) -> None:
        """`deadline` returns when `tick` is next due; None means not before another event."""
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
        while True:
            deadline_s = self._deadline()
            self._armed_s = float("inf") if deadline_s is None else deadline_s
            self._moved.clear()
            wait_s = None if deadline_s is None else deadline_s - self._now_s()
            if wait_s is None or wait_s > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), wait_s)
            else:
                self._tick()
                await asyncio.sleep(LEAST_PAUSE_S)
