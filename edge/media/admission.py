"""The port between signaling and sessions: signaling knows nothing of what stands behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol
from uuid import UUID


class Seat(Protocol):
    """One candidate's place at this node."""

    async def answer(self, offer_sdp: str) -> str:
        """Answer the page's offer. Raises Rejected or Unavailable."""

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Add a trickled ICE candidate; empty text ends them. Raises Rejected."""

    def notices(self) -> AsyncIterator[Mapping[str, object]]:
        """Messages for the page as they come, until the session ends: `{"type": "notice", …}` (technical
        notices, gentle warnings) and `{"type": "rate", …}` (what to send). Never scores or pictures."""

    async def left(self) -> None:
        """The page hung up on purpose. A socket that merely broke says nothing about the media."""


class Admission(Protocol):
    """Who may sit down."""

    async def connect(self, session_id: UUID, token: str) -> Seat:
        """Raises Rejected: 401 (token), 403 (another's session), 404, 409, 503 (full, and where to go)."""
