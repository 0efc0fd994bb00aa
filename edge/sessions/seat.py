"""Connects signaling to the worker: admits a candidate's page to its own session only."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from uuid import UUID, uuid4

from edge.media.admission import Seat
from edge.sessions.assignment import Assignment
from edge.sessions.port import PageId, Worker
from edge.sessions.roster import Roster
from shared.errors import Rejected
from shared.tokens import invalid


class CandidateSeat:
    """One page's connection to its session. A page that reconnects gets a new seat."""

    def __init__(self, worker: Worker, page: PageId, assignment: Assignment) -> None:
        """Raises `Rejected` (429) if the session's pages connect too often."""
        self._worker = worker
        self._page = page
        self._assignment = assignment
        self._token_key = assignment.order.token_key
        self._notices = assignment.sit_down(time.monotonic())
        self._answered = False

    async def answer(self, offer_sdp: str) -> str:
        """Answer the page's offer. A second offer makes a new connection that replaces the first.

        Raises `Rejected`: 401 when the key of the token that opened this seat was revoked since, 429 for too
        many offers, before anything is done for it.
        """
        if self._assignment.order.token_key != self._token_key:
            raise invalid()
        self._assignment.check_offer(time.monotonic())
        answer = await self._worker.answer(self._page, offer_sdp)
        self._answered = True
        return answer

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        if not self._answered:
            raise Rejected("an ICE candidate arrived before the offer", code="no-offer", status=409)
        await self._worker.add_candidate(self._page, candidate, mid, index)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        """Technical notices and gentle warnings, until the session ends or another page replaces this one."""
        while (notice := await self._notices.get()) is not None:
            yield notice

    async def left(self) -> None:
        """End the media of a page that hung up. The session waits for it to reconnect."""
        await self._worker.left(self._page)


class Door:
    """Admits a page with a valid token of its session."""

    def __init__(self, roster: Roster[Assignment], worker: Worker) -> None:
        self._roster = roster
        self._worker = worker

    async def connect(self, session_id: UUID, token: str) -> Seat:
        """Admit a page. Raises `Rejected` as `Roster.bearer` does, and 429 when pages connect too often."""
        assignment = self._roster.bearer(session_id, token)
        return CandidateSeat(self._worker, PageId(assignment.id, uuid4()), assignment)

    def check(self, session_id: UUID, token: str) -> None:
        """Check a page's token. Raises `Rejected` as `Roster.bearer` does."""
        self._roster.bearer(session_id, token)
