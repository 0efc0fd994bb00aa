"""Keeps the successive connections of one session's pages. The newest one delivers the media."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from uuid import UUID

from edge.media.clock import SessionClock
from edge.media.source import Source
from edge.sessions import frame_numbers
from shared.errors import Rejected, Unavailable
from shared.events.looks import Sense

SENDS_S: Final = 1.0
"""If the newest media are older than this, the page may be gone."""


class Connections:
    """Makes a source for each offer. All share the session's clock and continue its frame numbers."""

    def __init__(
        self,
        make_source: Callable[[SessionClock, int], Source],
        clock: SessionClock,
        drain: Callable[[Source], Awaitable[None]],
        connected: Callable[[bool], None],
    ) -> None:
        """`drain` takes the media of a source until it ends; `connected` is called for each new source, with
        True if it replaced another page that was still sending."""
        self._make_source = make_source
        self._clock = clock
        self._drain = drain
        self._connected = connected
        self._tasks: asyncio.TaskGroup | None = None
        self._pages: dict[UUID, Source] = {}
        """The newest connection of each page, until it ends."""
        self._open: set[Source] = set()
        self._drops: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._senses: Collection[Sense] = frozenset(Sense)
        self._tab: UUID | None = None
        """The id of the newest connection's window; None: the client sent none, as programs do."""
        self._hung_up = False
        """Whether the page of the newest connection has left."""
        self.newest: Source | None = None
        """The newest connection, also after its end."""

    def open(self, tasks: asyncio.TaskGroup) -> None:
        """Accept offers from now on. Connections are drained in tasks of this group."""
        self._tasks = tasks

    def refuse(self) -> None:
        """Accept no more offers."""
        self._tasks = None

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(source.close() for source in self._open))

    def want(self, senses: Collection[Sense]) -> None:
        """Take pictures and sound only for these senses, from this and every later connection."""
        self._senses = senses
        for source in self._open:
            source.want(senses)

    async def answer(self, page: UUID, offer_sdp: str, tab: UUID | None = None) -> str:
        """Answer a page's offer, then close the earlier connection. `tab`: the id of the page's window.

        Raises `Rejected` and `Unavailable` as `Source.answer` does, and `Rejected`: 409 when a newer offer
        was answered first, 410 after the end.
        """
        former = self.newest
        before = (
            frame_numbers.first(self._clock.begins_s)
            if former is None
            else frame_numbers.after(former.frame_count)
        )
        source = self._make_source(self._clock, before)
        try:
            answer = await source.answer(offer_sdp)
            source.want(self._senses)
            self._take_in(source, former, tab)
        except BaseException as error:
            if isinstance(error, Rejected | Unavailable):
                self._errors[error.code] += 1
            await source.close()
            raise
        self._pages[page] = source
        return answer

    async def add_candidate(self, page: UUID, candidate: str, mid: str | None, index: int | None) -> None:
        """Add an ICE candidate to the page's connection, if it still has one. Raises `Rejected`."""
        if page in self._pages:
            await self._pages[page].add_candidate(candidate, mid, index)

    async def left(self, page: UUID) -> None:
        """End the media of a page that left."""
        if page in self._pages:
            self._hung_up |= self._pages[page] is self.newest
            await self._pages[page].close()

    def dropped(self) -> Counter[str]:
        """What all connections so far dropped, by reason."""
        now = time.monotonic()
        return sum((Counter(source.counts(now).dropped) for source in self._open), self._drops)

    def errors(self) -> Counter[str]:
        """The connections so far that were refused or failed, by cause."""
        return self._errors.copy()

    def _take_in(self, source: Source, former: Source | None, tab: UUID | None) -> None:
        if self._tasks is None:
            raise Rejected("the session is over", code="session-ended", status=410)
        if self.newest is not former:
            raise Rejected("a newer connection was answered first", code="superseded", status=409)
        another = tab != self._tab and not self._hung_up
        again = another and former is not None and _sends(former)
        self.newest, self._tab, self._hung_up = source, tab, False
        self._open.add(source)
        self._tasks.create_task(self._attend(source))
        if former is not None:
            self._tasks.create_task(former.close())
        self._connected(again)

    async def _attend(self, source: Source) -> None:
        try:
            await self._drain(source)
        finally:
            self._open.discard(source)
            counts = source.counts(time.monotonic())
            self._drops += Counter(counts.dropped)
            if counts.error is not None:
                self._errors[counts.error] += 1
            self._pages = {page: each for page, each in self._pages.items() if each is not source}
            await source.close()


def _sends(source: Source) -> bool:
    """Whether media of this connection still arrive. If not, its page was closed or lost, and the new one is
    not a second page."""
    counts = source.counts(time.monotonic())
    return any(age_s is not None and age_s < SENDS_S for age_s in (counts.frame_age_s, counts.sound_age_s))
