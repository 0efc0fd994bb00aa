"""Limits repeated log lines to one per key and minute, each with its count. Pure.

For lines that others can cause without limit. The caller's own counters count every case; here suppressed
lines only show as the next line's count.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

INTERVAL_S: Final = 60.0
MAX_KEYS: Final = 1_000
"""The most keys remembered; the one with the oldest line is forgotten first."""


class Seldom:
    """The lines of one kind; `now` is monotonic seconds."""

    def __init__(self, interval_s: float = INTERVAL_S, max_keys: int = MAX_KEYS) -> None:
        self._interval_s = interval_s
        self._max_keys = max_keys
        self._lines: OrderedDict[object, tuple[float, int]] = OrderedDict()
        """Per key, when its last line was written and how many were suppressed since; oldest line first."""

    def count(self, key: object, now: float) -> int:
        """How many cases this line represents, itself included; 0 to suppress it."""
        written_at, held = self._lines.get(key, (None, 0))
        if written_at is not None and now - written_at < self._interval_s:
            self._lines[key] = (written_at, held + 1)
            return 0
        self._lines.pop(key, None)
        self._lines[key] = (now, 0)
        if len(self._lines) > self._max_keys:
            self._lines.popitem(last=False)
        return held + 1
