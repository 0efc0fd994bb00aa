"""The interface between signaling and sessions. Signaling knows nothing of the sessions behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol
from uuid import UUID

from shared.cameras import Camera


class Seat(Protocol):
    """One candidate's place at this node."""

    async def answer(self, offer_sdp: str) -> str:
        """Answer the page's offer. Raises Rejected (429: too many offers) or Unavailable."""

    def check(self) -> None:
        """Check that no other page has replaced this one. Raises Rejected and Unavailable as `notices`."""

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Add a trickled ICE candidate; empty text ends them. Raises Rejected."""

    async def show_camera(self, camera: Camera) -> None:
        """Receive the page's description of its camera."""

    def notices(self) -> AsyncIterator[Mapping[str, object]]:
        """Messages for the page, until the session ends: `{"type": "notice", …}` (technical notices, gentle
        warnings) and `{"type": "rate", …}` (what to send). Never scores or pictures. Raises Rejected when
        another page has replaced this one: 409 (`open-elsewhere`, once the other's media arrive) or 401
        (`device-moved`); Unavailable when the page must connect again."""

    async def left(self) -> None:
        """Note that the page left on purpose. A broken socket alone does not mean that the media ended."""


class Admission(Protocol):
    """Admits pages to sessions."""

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> Seat:
        """Admit a page. `tab`: the id of the browser's window, if the page sends it. Raises Rejected: 401
        (token), 403 (another session's token), 404, 409, 503 (full), 429 (this session's pages connect too
        often)."""

    def check(self, session_id: UUID, token: str) -> None:
        """Check that a page with this token would be admitted now. Raises Rejected as `connect` does."""
