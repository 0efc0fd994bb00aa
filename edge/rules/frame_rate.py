"""Judges LOW_FRAME_RATE: the share of time that undamaged frames cover, and the longest time without one.

A mean rate hides bursts: twenty frames within 0.1 s and then none for 2 s are ten per second. So each frame
covers one period of the bound (0.25 s at 4 per second), and the covered share of each stretch of `STRETCH_S`
is judged, by the times at which frames arrive. Frames that a loss has damaged are not analysed and cover
nothing. A stall is a different event (`edge.rules.stream`) and makes its stretch unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.rules.findings import NO, UNKNOWN, Judgement, Value
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.saving import Count

STRETCH_S = 5.0
STALL_S = 3.0
"""A longer time without a frame is a stall, not a low rate."""
LEAST_SHARE = 0.8
"""A smaller covered share is a low rate; frames that arrive unevenly leave short gaps …"""
LONGEST_GAP_S = 1.0
"""… and so is a longer time without any, because an instant is watched only within a second of a look."""


@dataclass(slots=True)
class FrameRateState:
    """The frames of the current stretch."""

    began_s: float | None = None
    last_s: float | None = None
    """When the last frame arrived …"""
    whole_s: float = 0.0
    """… and the last undamaged one; the start of the stretch if it has none yet."""
    frames: Count = 0
    """All frames that arrived …"""
    damaged: Count = 0
    """… and how many of them were damaged."""
    covered_s: float = 0.0
    gap_s: float = 0.0
    """The longest time without an undamaged frame."""


class FrameRate:
    """Follows frames as they arrive, analysed or not."""

    __slots__ = ("_bound", "_state")

    def __init__(self, settings: Settings, state: FrameRateState) -> None:
        rule = settings.rules.get(EventType.LOW_FRAME_RATE)
        self._bound = None if rule is None else rule.threshold
        self._state = state

    def judge(self, now: float, *, damaged: bool = False) -> Judgement:
        """Add a frame that arrives now. Judges at the end of each stretch."""
        own = self._state
        if self._bound is None or (own.last_s is not None and now <= own.last_s):
            return UNKNOWN
        stalled = own.last_s is not None and now - own.last_s >= STALL_S - EPSILON_S
        own.last_s = now
        if own.began_s is None or stalled:
            self._begin(now)
            return UNKNOWN
        own.frames += 1
        own.damaged += damaged
        ends = now - own.began_s >= STRETCH_S - EPSILON_S
        if ends or not damaged:
            self._cover(now, self._bound)
        if not ends:
            return UNKNOWN
        judged, since_s = self._judged(now - own.began_s, self._bound), own.began_s
        self._begin(now)
        return NO if judged is None else Judgement(True, 1.0, judged, since_s)

    def _cover(self, now: float, bound: float) -> None:
        """Count the time since the last undamaged frame."""
        own = self._state
        own.covered_s += min(now - own.whole_s, 1.0 / bound)
        own.gap_s = max(own.gap_s, now - own.whole_s)
        own.whole_s = now

    def _judged(self, length_s: float, bound: float) -> dict[str, Value] | None:
        """The evidence of a low rate in the stretch that ends now; None: enough frames came."""
        own = self._state
        share = own.covered_s / length_s
        if share >= LEAST_SHARE and own.gap_s <= LONGEST_GAP_S + EPSILON_S:
            return None
        return {
            "frames_per_second": round((own.frames - own.damaged) / length_s, 2),
            "frames_per_second_bound": bound,
            "covered_share": round(share, 3),
            "covered_share_bound": LEAST_SHARE,
            "longest_gap_seconds": round(own.gap_s, 3),
            "longest_gap_seconds_bound": LONGEST_GAP_S,
            "damaged_share": round(own.damaged / own.frames, 3),
        }

    def _begin(self, now: float) -> None:
        """Start the next stretch."""
        own = self._state
        own.began_s = own.whole_s = now
        own.frames = own.damaged = 0
        own.covered_s = own.gap_s = 0.0

    def pause(self, until_s: float) -> None:
        """Start a new stretch at `until_s`: the time before was not a low rate."""
        own = self._state
        if own.last_s is not None:
            own.last_s = max(own.last_s, until_s)
            self._begin(own.last_s)
