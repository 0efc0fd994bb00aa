"""Keeps this process's own delays out of what is told to senders about the network.

Arrival times are taken when the event loop handles a packet. A loop that stood still for 100 ms makes the
network look congested, and aiortc would ask a page for fewer bits, down to a rate at which nobody can be
recognised.
"""

from __future__ import annotations

import asyncio
from typing import Final

_PROBE_S: Final = 0.02
LATE_S: Final = 0.02
"""A loop that is later than this disturbs the arrival times."""
AFTERWARDS_S: Final = 1.0
"""How long they stay disturbed: packets that waited are handled one by one, and a busy loop is soon late
again."""


class Lateness:
    """Whether an event loop has been late just now. Pure."""

    def __init__(self) -> None:
        self._due_s: float | None = None
        self._disturbed_until_s = float("-inf")

    def due(self, at_s: float) -> None:
        """Note when the next probe is due. It says that the loop is on time when it comes."""
        self._due_s = at_s

    def disturbed(self, now_s: float) -> bool:
        """Whether what arrives now may have waited for the loop. An overdue probe counts too, because packets
        are handled before timers."""
        if self._due_s is not None and now_s - self._due_s > LATE_S:
            self._disturbed_until_s = now_s + AFTERWARDS_S
        return now_s < self._disturbed_until_s


class LoopProbe:
    """Measures the loop on which it was made, from then on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lateness = Lateness()
        self._probe()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that is measured."""
        return self._loop

    def disturbed(self) -> bool:
        """Whether what arrives now may have waited for the loop."""
        return self._lateness.disturbed(self._loop.time())

    def _probe(self) -> None:
        self.disturbed()
        self._lateness.due(self._loop.time() + _PROBE_S)
        self._loop.call_later(_PROBE_S, self._probe)
