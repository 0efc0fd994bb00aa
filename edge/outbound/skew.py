"""How far the coordinator's clock is from this node's. Pure.

Each of the coordinator's signed marks says when it was sent. A message can come late or be played again,
never early: of the last few differences the smallest is nearest the truth.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

HEARD: Final = 6
"""Messages compared: half a minute of heartbeats."""


class ClockSkew:
    """What the last messages say of the two clocks."""

    def __init__(self) -> None:
        self._differences_s: deque[float] = deque(maxlen=HEARD)

    def note(self, sent_utc: datetime, now_utc: datetime) -> None:
        """A message that the coordinator sent at one time has come at another."""
        self._differences_s.append((sent_utc - now_utc).total_seconds())

    @property
    def seconds(self) -> float:
        """The coordinator's clock less ours; 0 before the first message."""
        return min(self._differences_s, key=abs, default=0.0)
