"""LOW_FRAME_RATE: undamaged frames per second, counted over stretches of `STRETCH_S`.

Frames that a loss has damaged are not analysed, so a stream that stays damaged is like one with few frames:
this event reports it, with their number. A stall is a different event (`edge.rules.stream`) and makes its
stretch unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.saving import Count

STRETCH_S = 5.0
STALL_S = 3.0
"""A longer time without a frame is a stall, not a low rate."""


@dataclass(slots=True)
class FrameRateState:
    """The frames of the current stretch."""

    began_s: float | None = None
    last_s: float | None = None
    frames: Count = 0
    """All frames that arrived …"""
    damaged: Count = 0
    """… and how many of them are damaged."""


class FrameRate:
    """Counts frames as they arrive, analysed or not."""

    __slots__ = ("_bound", "_state")

    def __init__(self, settings: Settings, state: FrameRateState) -> None:
        rule = settings.rules.get(EventType.LOW_FRAME_RATE)
        self._bound = None if rule is None else rule.threshold
        self._state = state

    def judge(self, at: float, *, damaged: bool = False) -> Judgement:
        """Count a frame captured at `at`. Judges at the end of each stretch."""
        own = self._state
        if self._bound is None or (own.last_s is not None and at <= own.last_s):
            return UNKNOWN
        stalled = own.last_s is not None and at - own.last_s >= STALL_S - EPSILON_S
        own.last_s = at
        if own.began_s is None or stalled:
            self._begin(at)
            return UNKNOWN
        own.frames += 1
        own.damaged += damaged
        length_s = at - own.began_s
        if length_s < STRETCH_S - EPSILON_S:
            return UNKNOWN
        rate, since_s = (own.frames - own.damaged) / length_s, own.began_s
        damaged_share = own.damaged / own.frames
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
        self._state.began_s, self._state.frames, self._state.damaged = at, 0, 0

    def pause(self, until_s: float) -> None:
        """Start a new stretch: the time until then was not a low rate."""
        own = self._state
        if own.last_s is not None:
            own.last_s = max(own.last_s, until_s)
            self._begin(own.last_s)
