"""Connects signaling to the worker: admits a candidate's page to its own session only."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from uuid import UUID, uuid4

from edge.media.admission import Seat
from edge.sessions.answering import OFFERS_AT_ONCE, Answering
from edge.sessions.assignment import Assignment, Page
from edge.sessions.port import PageId, Worker
from edge.sessions.roster import Roster
from shared.cameras import Camera
from shared.errors import Rejected
from shared.tokens import invalid


class CandidateSeat:
    """One page's connection to its session. A page that reconnects gets a new seat."""

    def __init__(self, worker: Worker, page: Page, assignment: Assignment, answering: Answering) -> None:
        """Raises `Rejected` (429) if the session's pages connect too often."""
        self._worker = worker
        self._page = page
        self._assignment = assignment
        self._answering = answering
        self._token_key = assignment.order.token_key
        assignment.sit_down(page, time.monotonic())
        self._answered = False

    async def answer(self, offer_sdp: str) -> str:
        """Answer the page's offer. A second offer makes a new connection that replaces the first; a page
        whose first offer fails gives its place back.

        Raises `Rejected`: 401 if the key of this page's token was revoked since, 401 or 409 if another page
        has replaced this one, 429 for too many offers or too many at once. These checks come before any work
        on the offer.
        """
        try:
            answer = await self._answer(offer_sdp)
        except BaseException:
            if not self._answered:
                self._assignment.stand_up(self._page)
            raise
        self._answered = True
        return answer

    async def _answer(self, offer_sdp: str) -> str:
        self.check()
        if self._assignment.order.token_key != self._token_key:
            raise invalid()
        self._assignment.check_offer(time.monotonic())
        with self._answering.one(self._assignment.id):
            return await self._worker.answer(self._page.id, offer_sdp)

    def check(self) -> None:
        """Raises what `notices` raises at its end, if another page has replaced this one."""
        if self._page.replaced is not None:
            raise self._page.replaced

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        if not self._answered:
            raise Rejected("an ICE candidate arrived before the offer", code="no-offer", status=409)
        await self._worker.add_candidate(self._page.id, candidate, mid, index)

    async def show_camera(self, camera: Camera) -> None:
        await self._worker.show_camera(self._page.id, camera)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        """Technical notices and gentle warnings, until the session ends.

        Raises `Rejected` when another page has replaced this one: 409 `open-elsewhere`, 401 `device-moved`;
        `Unavailable` when it must connect again.
        """
        while (notice := await self._page.notices.get()) is not None:
            yield notice
        self.check()

    async def left(self) -> None:
        """End the media of a page that has left. The session waits for it to reconnect."""
        self._assignment.stand_up(self._page)
        await self._worker.left(self._page.id)


class Door:
    """Admits a page with a valid token of its session."""

    def __init__(
        self, roster: Roster[Assignment], worker: Worker, offers_at_once: int = OFFERS_AT_ONCE
    ) -> None:
        """`offers_at_once`: the most offers that are answered at a time."""
        self._roster = roster
        self._worker = worker
        self._answering = Answering(offers_at_once)

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> Seat:
        """Admit a page. Raises `Rejected` as `Roster.bearer` does, and 429 when pages connect too often or
        too many are being connected. The latter comes first, because it costs least."""
        self._answering.check()
        assignment, device = self._roster.bearer(session_id, token)
        page = Page(PageId(assignment.id, uuid4(), tab), device)
        return CandidateSeat(self._worker, page, assignment, self._answering)

    def check(self, session_id: UUID, token: str) -> None:
        """Check a page's token. Raises `Rejected` as `Roster.bearer` does."""
        self._roster.bearer(session_id, token)
