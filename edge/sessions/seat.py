"""Between signaling and the roster: a candidate's page takes its seat in its own session, and in no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from edge.media.admission import Seat
from edge.media.source import Source
from edge.sessions.roster import Roster
from edge.sessions.session import Session
from shared.errors import Rejected


class CandidateSeat:
    """One page's connection to its session. A page that connects again takes a new seat."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._notices = session.sit_down()
        self._peer: Source | None = None

    async def answer(self, offer_sdp: str) -> str:
        """Answer the page's offer; a second offer makes a second connection that replaces the first."""
        answer, self._peer = await self._session.answer(offer_sdp)
        return answer

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        if self._peer is None:
            raise Rejected("a candidate came before the offer", code="no-offer", status=409)
        await self._peer.add_candidate(candidate, mid, index)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        """Technical notices and gentle warnings, until the session ends or another page takes its place."""
        while (notice := await self._notices.get()) is not None:
            yield notice

    async def left(self) -> None:
        """The page hung up: its media end now, and the session waits for it to come back."""
        if self._peer is not None:
            await self._peer.close()


class Door:
    """Lets a page in that shows its session's token."""

    def __init__(self, roster: Roster[Session]) -> None:
        self._roster = roster

    async def connect(self, session_id: UUID, token: str) -> Seat:
        """Raises `Rejected` as `Roster.bearer` does."""
        return CandidateSeat(self._roster.bearer(session_id, token))
