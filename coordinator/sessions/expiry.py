"""Computes a session's expiry after a pause, a resume or extra time. Pure.

A paused session must not expire, but a forgotten pause must not keep it for ever: while it is paused its
expiry is `MAX_PAUSE` later, and when it is resumed it is extended by exactly the time of the pause.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.errors import Rejected

MAX_PAUSE: Final = timedelta(hours=4)
"""A longer pause takes time from the session itself."""
LONGEST: Final = timedelta(days=3)
"""From start to expiry, whatever is added: a session's token is valid for this long (each use checks whether
the session is running), and no node keeps a seat for longer."""


def paused_expiry(expires_utc: datetime, started_utc: datetime) -> datetime:
    """The expiry while paused. Raises `Rejected` (409 `session-too-long`)."""
    return _bounded(expires_utc + MAX_PAUSE, started_utc)


def resumed_expiry(expires_utc: datetime, paused_utc: datetime, now_utc: datetime) -> datetime:
    """The expiry after a resume, computed from the expiry while paused."""
    return expires_utc - MAX_PAUSE + min(MAX_PAUSE, max(timedelta(0), now_utc - paused_utc))


def extended_expiry(expires_utc: datetime, started_utc: datetime, minutes: int) -> datetime:
    """The expiry with extra time. Raises `Rejected` (409 `session-too-long`)."""
    return _bounded(expires_utc + timedelta(minutes=minutes), started_utc)


def _bounded(expires_utc: datetime, started_utc: datetime) -> datetime:
    if expires_utc - started_utc > LONGEST:
        raise Rejected(
            "a session may last at most three days; end this one and start another",
            code="session-too-long",
            status=409,
        )
    return expires_utc
