"""Measures how late the event loop is, which delays every peer, socket and timer of this process.

Arrival times are taken when the event loop handles a packet. A loop that stood still for 100 ms makes the
network look congested, and aiortc would ask a page for fewer bits, down to a rate at which nobody can be
recognised. So nothing is told to senders about the network while the loop is late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice, repeat
from typing import Final

from shared.percentiles import percentile

PROBE_S: Final = 0.02
"""Time between two probes. A block is seen from the next one on, so up to this much of it is not seen."""
REMEMBERED: Final = 3_000
"""The probes of one minute."""
RECENT: Final = 250
"""The probes of five seconds."""
FEWEST: Final = 500
"""The probes of ten seconds. As long as there are fewer, the missing ones count as punctual: a process that
starts stands still a few times, and that is not how late it usually is."""
LATE_S: Final = 0.02
"""A loop that is later than this disturbs the arrival times."""
AFTERWARDS_S: Final = 1.0
"""How long they stay disturbed: packets that waited are handled one by one, and a busy loop is soon late
again."""


class Lateness:
    """How late an event loop has been. Pure."""

    def __init__(self) -> None:
        self._due_s: float | None = None
        self._disturbed_until_s = float("-inf")
        self._late_s: deque[float] = deque(maxlen=REMEMBERED)

    def due(self, at_s: float) -> None:
        """Note when the next probe is due."""
        self._due_s = at_s

    def came(self, now_s: float) -> None:
        """Note that the probe came now."""
        if self._due_s is not None:
            self._late_s.append(max(0.0, now_s - self._due_s))
        self.disturbed(now_s)

    def disturbed(self, now_s: float) -> bool:
        """Whether what arrives now may have waited for the loop. An overdue probe counts too, because packets
        are handled before timers."""
        if self._due_s is not None and now_s - self._due_s > LATE_S:
            self._disturbed_until_s = now_s + AFTERWARDS_S
        return now_s < self._disturbed_until_s

    @property
    def p99_s(self) -> float:
        """The 99th percentile of the last minute; 0 before the first probe."""
        return percentile([*self._late_s, *repeat(0.0, FEWEST - len(self._late_s))], 99)

    @property
    def recent_p95_s(self) -> float:
        """The 95th percentile of the last five seconds; 0 before the first probe."""
        recent = islice(reversed(self._late_s), RECENT)
        return percentile([*recent, *repeat(0.0, RECENT - len(self._late_s))], 95)

    @property
    def worst_s(self) -> float:
        """The longest block of the last minute. A single block of seconds does not raise the percentile."""
        return max(self._late_s, default=0.0)


class LoopProbe:
    """Probes the loop on which it was made, from then on. `loop_probe` returns the running loop's."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.lateness = Lateness()
        self._begin()

    def disturbed(self) -> bool:
        """Whether what arrives now may have waited for the loop."""
        return self.lateness.disturbed(self.loop.time())

    def _begin(self) -> None:
        self.lateness.due(self.loop.time() + PROBE_S)
        self.loop.call_later(PROBE_S, self._came)

    def _came(self) -> None:
        self.lateness.came(self.loop.time())
        self._begin()


_probe: LoopProbe | None = None


def loop_probe() -> LoopProbe:
    """The one probe of the running loop."""
    global _probe
    if _probe is None or _probe.loop is not asyncio.get_running_loop():
        _probe = LoopProbe()
    return _probe
