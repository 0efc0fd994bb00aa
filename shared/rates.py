"""Limits how much a caller may take: token buckets, one per caller and bounded in number. Pure.

`now` is monotonic seconds, never running backwards.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_KEYS: Final = 10_000
"""The most callers remembered; the one that asked least recently is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then `per_s` a second."""

    burst: int
    per_s: float


class Bucket:
    """The bucket of one caller."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._left = float(rate.burst)
        self._at: float | None = None

    def wait_s(self, now: float, amount: float = 1.0) -> float:
        """Take `amount` and return 0.0; or take nothing and return the seconds until it may be taken."""
        self._fill(now)
        if self._left >= amount:
            self._left -= amount
            return 0.0
        return (amount - self._left) / self._rate.per_s

    def spent(self, now: float) -> float:
        """Seconds until one may be taken; 0.0 if it may be now. Takes nothing."""
        self._fill(now)
        return max(0.0, 1.0 - self._left) / self._rate.per_s

    def _fill(self, now: float) -> None:
        if self._at is not None:
            self._left = min(float(self._rate.burst), self._left + (now - self._at) * self._rate.per_s)
        self._at = now


class Buckets:
    """One bucket per caller, all with the same rate."""

    def __init__(self, rate: Rate, max_keys: int = MAX_KEYS) -> None:
        self._rate = rate
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self.refused = 0
        """How often a caller had to wait since the start."""

    def wait_s(self, key: str, now: float) -> float:
        """`Bucket.wait_s` for this caller."""
        wait_s = self._of(key).wait_s(now)
        self.refused += wait_s > 0.0
        return wait_s

    def spent(self, key: str, now: float) -> float:
        """`Bucket.spent` for this caller."""
        wait_s = self._of(key).spent(now)
        self.refused += wait_s > 0.0
        return wait_s

    def _of(self, key: str) -> Bucket:
        bucket = self._buckets.pop(key, None) or Bucket(self._rate)
        self._buckets[key] = bucket
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return bucket
