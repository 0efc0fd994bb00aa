"""The cursor of the list of sessions. Pure."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from shared.fields import Unit, Utc


class SessionCursor(NamedTuple):
    """The last session of a page, by the columns of the list's order."""

    worst: Unit
    started_utc: Utc
    session_id: UUID
