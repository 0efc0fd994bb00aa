"""Where a page of the list of sessions ends. Pure."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from shared.fields import Unit, Utc


class SessionCursor(NamedTuple):
    """The last session of a page, as the list is ordered."""

    worst: Unit
    started_utc: Utc
    session_id: UUID
