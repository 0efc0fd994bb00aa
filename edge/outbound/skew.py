"""Estimates the difference between the coordinator's clock and this node's. Pure.

Each of the coordinator's signed marks has its sending time. A message can arrive late or be replayed, but
never early: the smallest of the last few differences is closest to the true one.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

HEARD: Final = 6
"""Messages compared: half a minute of heartbeats."""


class ClockSkew:
    """The difference of the two clocks, from the last messages."""

    def __init__(self) -> None:
        self._differences_s: deque[float] = deque(maxlen=HEARD)

    def note(self, sent_utc: datetime, now_utc: datetime) -> None:
        """Record when a message was sent by the coordinator and when it arrived."""
        self._differences_s.append((sent_utc - now_utc).total_seconds())

    @property
    def seconds(self) -> float:
        """The coordinator's clock minus ours; 0 before the first message."""
        return min(self._differences_s, key=abs, default=0.0)
