"""When a session expires once it was paused, let go on or given more time. Pure.

A paused session must not expire, and must not be held for ever by a pause nobody ends: while it is paused its
expiry lies `MAX_PAUSE` further away, and when it goes on, it gets back exactly the time the pause took.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.errors import Rejected

MAX_PAUSE: Final = timedelta(hours=4)
"""A pause nobody ends for longer takes from the session's own time."""
LONGEST: Final = timedelta(days=3)
"""From start to expiry, whatever is added: a session's token is good for so long (each use asks whether the
session runs), and no node keeps a seat for longer."""


def paused_expiry(expires_utc: datetime, started_utc: datetime) -> datetime:
    """The expiry while paused. Raises `Rejected` (409 `session-too-long`)."""
    return _bounded(expires_utc + MAX_PAUSE, started_utc)


def resumed_expiry(expires_utc: datetime, paused_utc: datetime, now_utc: datetime) -> datetime:
    """The expiry when it goes on, out of the one while paused."""
    return expires_utc - MAX_PAUSE + min(MAX_PAUSE, max(timedelta(0), now_utc - paused_utc))


def extended_expiry(expires_utc: datetime, started_utc: datetime, minutes: int) -> datetime:
    """The expiry with so much more time. Raises `Rejected` (409 `session-too-long`)."""
    return _bounded(expires_utc + timedelta(minutes=minutes), started_utc)


def _bounded(expires_utc: datetime, started_utc: datetime) -> datetime:
    if expires_utc - started_utc > LONGEST:
        raise Rejected(
            "a session lasts three days at most; end this one and start another",
            code="session-too-long",
            status=409,
        )
    return expires_utc
