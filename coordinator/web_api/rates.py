"""Limits request rates: token buckets, bounded in number. Decides only; `now` is an argument."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from shared.errors import Rejected

MAX_KEYS: Final = 10_000
"""Callers remembered at once; the one with the oldest last request is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` requests at once, then `per_s` per second."""

    burst: int
    per_s: float


class Buckets:
    """One token bucket per caller, all with the same rate.

    The caller passes a monotonic `now` in seconds, never running backwards.
    """

    def __init__(self, rate: Rate, max_keys: int = MAX_KEYS) -> None:
        self._rate = rate
        self._max_keys = max_keys
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.refused = 0
        """Requests refused since the start."""

    def wait_s(self, key: str, now: float) -> float:
        """0.0 and one token less if the caller may proceed, otherwise the seconds until it may."""
        tokens, at = self._tokens.pop(key, (float(self._rate.burst), now))
        tokens = min(float(self._rate.burst), tokens + (now - at) * self._rate.per_s)
        allowed = tokens >= 1.0
        self._tokens[key] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._tokens) > self._max_keys:
            self._tokens.popitem(last=False)
        if allowed:
            return 0.0
        self.refused += 1
        return (1.0 - tokens) / self._rate.per_s


def check_rate(buckets: Buckets, key: str, now: float) -> None:
    """Raises `Rejected` (429 `too-many-requests`) if this caller has exceeded its rate."""
    wait_s = buckets.wait_s(key, now)
    if wait_s > 0.0:
        raise Rejected(
            "too many requests; wait for the time in Retry-After",
            code="too-many-requests",
            status=429,
            retry_after_s=max(1, math.ceil(wait_s)),
        )
