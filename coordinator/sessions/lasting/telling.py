"""Writes one of the coordinator's own alerts and sends it to the session's sockets."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.web_api.parts import Parts


async def tell(parts: Parts, write: Callable[[Session], Stored | None]) -> None:
    """Write in a separate transaction and send the alert. Returns None if there is nothing to send."""
    stored = await parts.writing(write)
    if stored is not None:
        parts.rooms.tell(stored.session_id, stored.shown, stored.revision)
