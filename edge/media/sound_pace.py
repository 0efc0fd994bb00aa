"""How fast a track's sound may come: as much media time as time passes, and some seconds on credit. Pure.

Missing sound is filled with zeros, so a sender whose timestamps leap by half a minute per packet would have
thousands of windows made of it each second. The media clock of an honest sender runs as the clock on the wall
does; the credit is for outages, and for packets that a network held back.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from shared.rates import Bucket, Rate

CREDIT_S: Final = 30
"""A longer gap is never filled."""
_PER_S: Final = 1.01
"""No sound card runs faster than this."""
_SLACK_S: Final = 0.02


class Pace(Enum):
    """What to do with a piece of sound."""

    FOLLOWS = auto()
    """Take it; a gap before it is filled."""
    LEAPS = auto()
    """Begin anew with it: the gap before it is no time that has passed."""
    TOO_FAST = auto()
    """Leave it out."""


class SoundPace:
    """The pace of one track."""

    def __init__(self) -> None:
        self._credit = Bucket(Rate(CREDIT_S, _PER_S))
        self._end_s: float | None = None

    def judge(self, start_s: float, duration_s: float, arrived_at: float) -> Pace:
        """A piece of sound: its begin and length in media time, and its arrival in monotonic seconds."""
        gap_s = 0.0 if self._end_s is None else start_s - self._end_s
        if -CREDIT_S < gap_s <= -duration_s:
            return Pace.FOLLOWS  # it came late, and adds nothing
        forward_s = max(0.0, gap_s)
        if gap_s > -CREDIT_S and self._credit.wait_s(arrived_at, forward_s + duration_s) == 0.0:
            self._end_s = start_s + duration_s
            return Pace.FOLLOWS
        if -CREDIT_S < gap_s <= _SLACK_S or self._credit.wait_s(arrived_at, duration_s) > 0.0:
            return Pace.TOO_FAST
        self._end_s = start_s + duration_s
        return Pace.LEAPS
