"""A rate limit. Pure: `now` is an argument."""

from __future__ import annotations


class TokenBucket:
    """Allows `burst` at once and `per_s` a second on average."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._at: float | None = None

    def allows(self, now: float) -> bool:
        """Whether one more is allowed at monotonic second `now`. True counts it."""
        if self._at is not None:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
