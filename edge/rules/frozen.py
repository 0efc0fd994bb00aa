"""Judges CAMERA_FROZEN: the same picture for a long time, although the codec changes it slightly.

A codec encodes a still picture again with every keyframe and refines it in the next frames, so a single look
at a frozen camera may see changes of up to 3 levels. Most looks of a few seconds see almost none. Measured at
5 Hz in pictures of 640×480 with a keyframe every 2 s, as the median over 3 s of the change in the part of the
picture that changes most: a frozen picture up to 0.16 (VP8 at 700 kbit/s, H.264 at 250 and 900, MJPEG); a
woman who stands still, filmed almost without noise, at least 0.40; a talking face 11 and more. At 250 kbit/s
VP8 never stops refining (0.57), and a frozen camera is not found.
"""

from __future__ import annotations

from statistics import median

from edge.rules.findings import NO, UNKNOWN, Evidence, Judgement
from edge.rules.recent_looks import MAX_LOOKS, RecentLooks, RecentLooksState
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation

WINDOW_S = 3.0
MIN_LOOKS = 3
"""The fewest looks kept; the slowest level looks once a second."""


class Frozen:
    """The changes of the last seconds."""

    __slots__ = ("_looks", "_settings")

    def __init__(self, settings: Settings, state: RecentLooksState) -> None:
        self._settings = settings
        self._looks = RecentLooks(WINDOW_S, MIN_LOOKS, MAX_LOOKS, settings.max_gap_s, state)

    def judge(self, observation: Observation) -> Judgement:
        """Whether most of the last looks saw no change; unknown until there are enough."""
        change, at = None if observation.picture is None else observation.picture.change, observation.at
        if change is None:
            return UNKNOWN
        self._looks.add(at, change)
        if len(self._looks) < MIN_LOOKS:
            return UNKNOWN
        return self._judged(self._settings.threshold(EventType.CAMERA_FROZEN))

    def _judged(self, bound: float) -> Judgement:
        """What most looks say; unknown while the newest says otherwise: the codec, or the first change."""
        middle = median(change for _, change in self._looks)
        frozen = middle <= bound
        if frozen is not (self._looks.last <= bound):
            return UNKNOWN
        still_s = [at for at, change in self._looks if change <= bound]
        if frozen:
            evidence: Evidence = {"change": round(middle, 3), "change_bound": bound}
            return Judgement(True, 1.0, evidence, still_s[0])
        if not still_s:
            return NO
        return Judgement(False, since_s=next(at for at, _ in self._looks if at > still_s[-1]))
