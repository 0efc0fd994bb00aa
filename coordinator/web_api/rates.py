"""Refuses requests that come too fast. Decides only; `now` is an argument."""

from __future__ import annotations

import math

from shared.errors import Rejected
from shared.rates import Buckets


def check_rate(buckets: Buckets, key: str, now: float) -> None:
    """Raises `Rejected` (429 `too-many-requests`) if this caller has exceeded its rate."""
    wait_s = buckets.wait_s(key, now)
    if wait_s > 0.0:
        raise too_many_requests(wait_s)


def too_many_requests(wait_s: float) -> Rejected:
    """The refusal of a caller that must wait."""
    return Rejected(
        "too many requests; wait for the time in Retry-After",
        code="too-many-requests",
        status=429,
        retry_after_s=max(1, math.ceil(wait_s)),
    )
