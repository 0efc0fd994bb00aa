"""Extends RTP counters that wrap around (16-bit sequence numbers, 32-bit timestamps)."""

from __future__ import annotations


class Unwrapper:
    """Extends a counter that wraps around: each value is read as the one nearest to the last.

    Serial number arithmetic as in RFC 1982; a step of half the range or more is ambiguous.
    """

    def __init__(self, bits: int) -> None:
        self._span = 1 << bits
        self._last: int | None = None

    def extend(self, value: int) -> int:
        """The extended number of `value` (0 <= value < 2**bits); it may be below the last one."""
        if self._last is None:
            self._last = value
            return value
        half = self._span >> 1
        step = (value - self._last + half) % self._span - half
        self._last += step
        return self._last

    def forget(self) -> None:
        """Restart with the next value, as after a sender restart."""
        self._last = None
