"""LOW_FRAME_RATE: how many frames arrive per second, counted over stretches of `STRETCH_S`.

A stall is another matter (`edge.rules.stream`) and makes the stretch it falls into unknown.
"""

from __future__ import annotations

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, integer, optional_number
from shared.events import EventType

STRETCH_S = 5.0
STALL_S = 3.0
"""So long without a frame is a stall and no low rate."""


class FrameRate:
    """Counts frames as they arrive, analysed or not."""

    __slots__ = ("_began_s", "_bound", "_frames", "_last_s")

    def __init__(self, settings: Settings) -> None:
        rule = settings.rules.get(EventType.LOW_FRAME_RATE)
        self._bound = None if rule is None else rule.threshold
        self._began_s: float | None = None
        self._last_s: float | None = None
        self._frames = 0

    def judge(self, at: float) -> Judgement:
        """A frame captured at `at` has come; says something at the end of each stretch."""
        if self._bound is None or (self._last_s is not None and at <= self._last_s):
            return UNKNOWN
        stalled = self._last_s is not None and at - self._last_s >= STALL_S - EPSILON_S
        self._last_s = at
        if self._began_s is None or stalled:
            self._began_s, self._frames = at, 0
            return UNKNOWN
        self._frames += 1
        length_s = at - self._began_s
        if length_s < STRETCH_S - EPSILON_S:
            return UNKNOWN
        rate, since_s = self._frames / length_s, self._began_s
        self._began_s, self._frames = at, 0
        if rate >= self._bound:
            return NO
        evidence = {"frames_per_second": round(rate, 2), "frames_per_second_bound": self._bound}
        return Judgement(True, 1.0, evidence, since_s)

    def snapshot(self) -> Saved:
        return {"began_s": self._began_s, "last_s": self._last_s, "frames": self._frames}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._began_s = optional_number(saved, "began_s")
        self._last_s = optional_number(saved, "last_s")
        self._frames = integer(saved, "frames")

    def pause(self, until_s: float) -> None:
        """Begin a new stretch: the time until then was nobody's slowness."""
        if self._last_s is not None:
            self._began_s = self._last_s = max(self._last_s, until_s)
            self._frames = 0
