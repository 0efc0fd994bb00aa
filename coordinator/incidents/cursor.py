"""Where a page of the review queue ends, as text. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from coordinator.web_api.cursors import foreign, read_instant, read_places, write_places


class Cursor(NamedTuple):
    """The last incident of a page, as the queue is ordered."""

    queue_place: int
    begins_utc: datetime
    incident_id: UUID


def write_cursor(cursor: Cursor | None) -> str | None:
    """A cursor as text; opaque to callers."""
    if cursor is None:
        return None
    return write_places(str(cursor.queue_place), cursor.begins_utc.isoformat(), str(cursor.incident_id))


def read_cursor(text: str) -> Cursor:
    """The cursor of such a text. Raises `Rejected` (422) for any other."""
    try:
        place, begins, incident_id = read_places(text)
        if not 0 <= int(place) < 2**31:
            raise ValueError("none of ours")
        return Cursor(int(place), read_instant(begins), UUID(incident_id))
    except (ValueError, OverflowError) as error:
        raise foreign() from error
