"""Measures the lateness of the event loop, which delays every peer, socket and timer of this process."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from edge.workers.percentiles import percentile

INTERVAL_S: Final = 0.05
"""Time between two measurements. A block is seen from the next one on, so up to this much of it is not
seen."""
REMEMBERED: Final = 1_200
"""The measurements of one minute."""
RECENT: Final = 100
"""The measurements of five seconds."""


class LoopLag:
    """Measures while `run` runs."""

    def __init__(self) -> None:
        self._late_s: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def p99_s(self) -> float:
        """The 99th percentile of the last minute; 0 before the first measurement."""
        return percentile(self._late_s, 99)

    @property
    def recent_p95_s(self) -> float:
        """The 95th percentile of the last five seconds; 0 before the first measurement."""
        return percentile((self._late_s[place] for place in range(-min(RECENT, len(self._late_s)), 0)), 95)

    @property
    def worst_s(self) -> float:
        """The longest block of the last minute. A single block of seconds does not raise the percentile."""
        return max(self._late_s, default=0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + INTERVAL_S
            await asyncio.sleep(INTERVAL_S)
            self._late_s.append(max(0.0, clock() - due))
