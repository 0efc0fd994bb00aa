"""Limits how fast a track's sound may arrive: as fast as time passes, plus some seconds of credit. Pure.

Missing sound is filled with zeros, so a sender whose timestamps leap by half a minute per packet would cause
thousands of windows each second. The media clock of an honest sender runs as fast as time. The credit is for
outages, and for packets that a network held back.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from shared.rates import Bucket, Rate

CREDIT_S: Final = 30
"""Seconds of credit; a longer gap is never filled."""
_PER_S: Final = 1.01
"""Seconds of sound per second; no sound card runs faster."""
_SLACK_S: Final = 0.02
_LATE_S: Final = 0.5
"""Packets come in order. A piece that is further back shows that the sender's clock was set back."""


class Pace(Enum):
    """What to do with a piece of sound."""

    FOLLOWS = auto()
    """Take it, and fill a gap before it."""
    LEAPS = auto()
    """Start again with it, and do not fill a gap before it: that time has not passed, or the clock was set
    back."""
    TOO_FAST = auto()
    """Leave it out."""


class SoundPace:
    """Judges the sound of one track."""

    def __init__(self) -> None:
        self._credit = Bucket(Rate(CREDIT_S, _PER_S))
        self._end_s: float | None = None

    def judge(self, start_s: float, duration_s: float, arrived_at: float) -> Pace:
        """Judge a piece of sound by its start and length in media time and its arrival in monotonic
        seconds."""
        gap_s = 0.0 if self._end_s is None else start_s - self._end_s
        if -_LATE_S <= gap_s <= -duration_s:
            return Pace.FOLLOWS  # late, and all of it is already counted
        forward_s = max(0.0, gap_s)
        if gap_s >= -_LATE_S and self._credit.wait_s(arrived_at, forward_s + duration_s) == 0.0:
            self._end_s = start_s + duration_s
            return Pace.FOLLOWS
        if -_LATE_S <= gap_s <= _SLACK_S or self._credit.wait_s(arrived_at, duration_s) > 0.0:
            return Pace.TOO_FAST
        self._end_s = start_s + duration_s
        return Pace.LEAPS
