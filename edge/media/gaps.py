"""Which pictures of a recording may show traces of pictures that are missing. Pure.

A live stream's packets are numbered, so a loss is known. A recording of it only has a hole in its times: one
picture less in an otherwise steady rhythm. Most codecs paint later pictures on top of the missing one, so
what follows up to the next keyframe may be smeared. Where the rhythm is not steady, as with recorders that
take pictures when they come, holes say nothing, and only what the decoder complains of counts.
"""

from __future__ import annotations

from collections import deque
from statistics import median

REMEMBERED = 32
"""Steps between pictures that the rhythm is read from."""
LEAST_REMEMBERED = 4
EVEN = 0.25
"""A step is even when it differs from the usual one by at most this share of it."""
STEADY_SHARE = 0.75
"""So many of the steps must be even; 10 % of lost pictures leave nine of ten."""
HOLE_STEPS = 1.6
"""A longer step than this is a hole; a picture's time is rounded to a millisecond in some files."""


class Gaps:
    """Follows the pictures of one recording in the order of their times."""

    __slots__ = ("_damaged", "_last_s", "_steps_s")

    def __init__(self) -> None:
        self._damaged = True
        self._last_s: float | None = None
        self._steps_s: deque[float] = deque(maxlen=REMEMBERED)

    def lost(self) -> None:
        """The decoder could not make a picture of what it was given."""
        self._damaged = True

    def damaged(self, at_s: float, *, keyframe: bool) -> bool:
        """Whether the picture at this time may be smeared; before the first keyframe it may."""
        if self._follows_hole(at_s):
            self._damaged = True
        if keyframe:
            self._damaged = False
        return self._damaged

    def _follows_hole(self, at_s: float) -> bool:
        last_s, self._last_s = self._last_s, at_s
        if last_s is None:
            return False
        step_s = at_s - last_s
        usual_s = self._usual_s()
        self._steps_s.append(step_s)
        return usual_s is not None and step_s > HOLE_STEPS * usual_s

    def _usual_s(self) -> float | None:
        """The rhythm, where there is one."""
        if len(self._steps_s) < LEAST_REMEMBERED:
            return None
        usual_s = median(self._steps_s)
        even = sum(abs(step_s - usual_s) <= EVEN * usual_s for step_s in self._steps_s)
        return usual_s if even >= STEADY_SHARE * len(self._steps_s) else None
