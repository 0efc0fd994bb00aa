"""Which of many equal log lines are written: one per key and minute, with how many it stands for. Pure.

For lines that somebody else can cause as often as they like. What is held back is counted by the caller's own
counters; here it only shows as the next line's count.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

INTERVAL_S: Final = 60.0
MAX_KEYS: Final = 1_000
"""Remembered at once; the one whose line is oldest is forgotten first."""


class Seldom:
    """The lines of one kind; `now` is monotonic seconds, never running backwards."""

    def __init__(self, interval_s: float = INTERVAL_S, max_keys: int = MAX_KEYS) -> None:
        self._interval_s = interval_s
        self._max_keys = max_keys
        self._lines: OrderedDict[object, tuple[float, int]] = OrderedDict()
        """Per key, when its last line was written and how many were held back since; oldest line first."""

    def count(self, key: object, now: float) -> int:
        """How many lines this one stands for, itself included; 0 when it is to be held back."""
        written_at, held = self._lines.get(key, (None, 0))
        if written_at is not None and now - written_at < self._interval_s:
            self._lines[key] = (written_at, held + 1)
            return 0
        self._lines.pop(key, None)
        self._lines[key] = (now, 0)
        if len(self._lines) > self._max_keys:
            self._lines.popitem(last=False)
        return held + 1
