"""Where a page of the list of sessions ends, as text. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from coordinator.web_api.cursors import foreign, read_instant, read_places, write_places


class Cursor(NamedTuple):
    """The last session of a page, as the list is ordered."""

    worst: float
    started_utc: datetime
    session_id: UUID


def write_cursor(cursor: Cursor | None) -> str | None:
    """A cursor as text; opaque to callers."""
    if cursor is None:
        return None
    return write_places(repr(cursor.worst), cursor.started_utc.isoformat(), str(cursor.session_id))


def read_cursor(text: str) -> Cursor:
    """The cursor of such a text. Raises `Rejected` (422) for any other."""
    try:
        worst, started, session_id = read_places(text)
        if not 0.0 <= float(worst) <= 1.0:
            raise ValueError("none of ours")
        return Cursor(float(worst), read_instant(started), UUID(session_id))
    except (ValueError, OverflowError) as error:
        raise foreign() from error
