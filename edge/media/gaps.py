"""Finds pictures of a recording that missing pictures may have damaged. Pure.

A live stream's packets are numbered, so a loss is known. A recording only has a hole in its times: a picture
is missing in a steady rhythm. Most codecs build later pictures on the missing one, so all pictures up to the
next keyframe may be smeared. When the rhythm is not steady, as with recorders that store pictures when they
arrive, holes prove nothing, and only the decoder's errors count.
"""

from __future__ import annotations

from collections import deque
from statistics import median

REMEMBERED = 32
"""The number of steps between pictures that determine the rhythm."""
LEAST_REMEMBERED = 4
EVEN = 0.25
"""A step is even when it differs from the usual one by at most this share of it."""
STEADY_SHARE = 0.75
"""The share of steps that must be even; with 10 % of pictures lost, nine of ten are."""
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
        """Note that the decoder could not decode a picture."""
        self._damaged = True

    def damaged(self, at_s: float, *, keyframe: bool) -> bool:
        """Whether the picture at this time may be smeared; always true before the first keyframe."""
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
        """The usual step, or None without a steady rhythm."""
        if len(self._steps_s) < LEAST_REMEMBERED:
            return None
        usual_s = median(self._steps_s)
        even = sum(abs(step_s - usual_s) <= EVEN * usual_s for step_s in self._steps_s)
        return usual_s if even >= STEADY_SHARE * len(self._steps_s) else None
