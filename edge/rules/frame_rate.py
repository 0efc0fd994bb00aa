"""LOW_FRAME_RATE: how many whole frames arrive per second, counted over stretches of `STRETCH_S`.

Frames that a loss has damaged are not looked at, so a stream that stays damaged is as good as one that brings
few: this event says so, with how many there were. A stall is another matter (`edge.rules.stream`) and makes
the stretch it falls into unknown.
"""

from __future__ import annotations

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, integer, optional_number
from shared.events.types import EventType

STRETCH_S = 5.0
STALL_S = 3.0
"""So long without a frame is a stall and no low rate."""


class FrameRate:
    """Counts frames as they arrive, analysed or not."""

    __slots__ = ("_began_s", "_bound", "_damaged", "_frames", "_last_s")

    def __init__(self, settings: Settings) -> None:
        rule = settings.rules.get(EventType.LOW_FRAME_RATE)
        self._bound = None if rule is None else rule.threshold
        self._began_s: float | None = None
        self._last_s: float | None = None
        self._frames = 0
        """Of the present stretch, all that came …"""
        self._damaged = 0
        """… and those of them that are damaged."""

    def judge(self, at: float, *, damaged: bool = False) -> Judgement:
        """A frame captured at `at` has come; says something at the end of each stretch."""
        if self._bound is None or (self._last_s is not None and at <= self._last_s):
            return UNKNOWN
        stalled = self._last_s is not None and at - self._last_s >= STALL_S - EPSILON_S
        self._last_s = at
        if self._began_s is None or stalled:
            self._begin(at)
            return UNKNOWN
        self._frames += 1
        self._damaged += damaged
        length_s = at - self._began_s
        if length_s < STRETCH_S - EPSILON_S:
            return UNKNOWN
        rate, since_s = (self._frames - self._damaged) / length_s, self._began_s
        damaged_share = self._damaged / self._frames
        self._begin(at)
        if rate >= self._bound:
            return NO
        evidence = {
            "frames_per_second": round(rate, 2),
            "frames_per_second_bound": self._bound,
            "damaged_share": round(damaged_share, 3),
        }
        return Judgement(True, 1.0, evidence, since_s)

    def _begin(self, at: float) -> None:
        """Start the next stretch."""
        self._began_s, self._frames, self._damaged = at, 0, 0

    def snapshot(self) -> Saved:
        return {
            "began_s": self._began_s,
            "last_s": self._last_s,
            "frames": self._frames,
            "damaged": self._damaged,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._began_s = optional_number(saved, "began_s")
        self._last_s = optional_number(saved, "last_s")
        self._frames = integer(saved, "frames")
        self._damaged = integer(saved, "damaged")

    def pause(self, until_s: float) -> None:
        """Begin a new stretch: the time until then was nobody's slowness."""
        if self._last_s is not None:
            self._last_s = max(self._last_s, until_s)
            self._begin(self._last_s)
