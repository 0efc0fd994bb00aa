"""Judges HAND_NEAR_EAR: a hand or wrist is close to an ear in most looks of two seconds.

The points of a resting hand jump by a tenth of the head's width from look to look, and the bound is close to
the distance of hands beside the head. So the median of the last looks decides, and the result is unknown
while the newest look says otherwise. No hand in the picture counts as far away.
"""

from __future__ import annotations

from statistics import median_low

from edge.rules.findings import NO, UNKNOWN, Evidence, Judgement
from edge.rules.recent_looks import RecentLooks, RecentLooksState
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation

WINDOW_S = 2.0
MAX_LOOKS = 32
JUMP = 0.1
"""How far the points of a resting hand jump from look to look, in widths of the head."""
_FAR = 1e6
"""Distance without a hand: a number, because a snapshot needs one."""


class Hands:
    """The distances of the last looks, in widths of the head."""

    __slots__ = ("_looks", "_settings")

    def __init__(self, settings: Settings, state: RecentLooksState) -> None:
        self._settings = settings
        self._looks = RecentLooks(WINDOW_S, 1, MAX_LOOKS, settings.max_gap_s, state)

    def judge(self, observation: Observation) -> Judgement:
        """Whether a hand is near, since the first of the near looks."""
        if observation.hands is None:
            return UNKNOWN
        at, seen = observation.at, observation.hands.to_ear_head_widths
        self._looks.add(at, _FAR if seen is None else seen)
        bound = self._settings.threshold(EventType.HAND_NEAR_EAR)
        middle = median_low(distance for _, distance in self._looks)
        near_s = [look_s for look_s, distance in self._looks if distance <= bound]
        if (middle <= bound) is not (self._looks.last <= bound):
            return UNKNOWN
        if middle > bound:
            later_s = (look_s for look_s, _ in self._looks if not near_s or look_s > near_s[-1])
            return Judgement(False, since_s=next(later_s)) if near_s else NO
        evidence: Evidence = {
            "hand_to_ear_head_widths": round(middle, 2),
            "hand_to_ear_head_widths_bound": bound,
        }
        return Judgement(True, min(1.0, 1.0 - 0.5 * middle / bound), evidence, self._since(near_s[0], bound))

    def _since(self, near_s: float, bound: float) -> float:
        """Start of the hand's stay; its first looks may be further away than the bound, by one jump."""
        since_s = near_s
        for look_s, distance in reversed(self._looks):
            if look_s < near_s:
                if distance > bound + JUMP:
                    break
                since_s = look_s
        return since_s
