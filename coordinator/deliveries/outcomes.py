"""Decides what the answer to a delivery means. Pure.

Redirects are failures: following one could lead to an address that was never checked. 401, 403 and 404 say
something about the destination, not about the one message, and are tried again like a failure of its server.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

LONGEST_RETRY_AFTER_S: Final = 86_400.0
_MESSAGES_OWN: Final = frozenset(range(400, 500)) - {
    401,
    402,
    403,
    404,
    405,
    407,
    408,
    410,
    421,
    423,
    425,
    426,
    429,
}
"""Statuses that refuse this message and would refuse it again."""


class Ending(Enum):
    """The result of one try."""

    DELIVERED = "delivered"
    TROUBLE = "trouble"
    """The destination does not work now."""
    REFUSED = "refused"
    """The destination refuses this message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one try, why it failed in one word, and how long the destination asked to wait."""

    ending: Ending
    reason: str | None = None
    retry_after_s: float | None = None


DELIVERED: Final = Outcome(Ending.DELIVERED)


def trouble(reason: str) -> Outcome:
    """A try without a usable answer."""
    return Outcome(Ending.TROUBLE, reason)


def outcome_of(status: int, retry_after: str | None, now_utc: datetime) -> Outcome:
    """What a status and the header Retry-After mean."""
    if 200 <= status < 300:
        return DELIVERED
    ending = Ending.REFUSED if status in _MESSAGES_OWN else Ending.TROUBLE
    return Outcome(ending, f"status-{status}", wait_of(retry_after, now_utc))


def wait_of(retry_after: str | None, now_utc: datetime) -> float | None:
    """The seconds of a header Retry-After, at most a day; None for none or one that cannot be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:10]), LONGEST_RETRY_AFTER_S))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        return None
    return min(max((until - now_utc).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)
