"""Keeps the successive connections of one session's pages. One is in force: its media are watched.

A new connection takes the place of one that still sends pictures only with its own first picture. Until then
the earlier one goes on, because an answered offer does not prove that pictures will come. While nobody may
look, any media count instead, of both: whoever sends them may be looked at again later.
"""

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
DELIVERS_S: Final = 10.0
"""A new connection without a picture in this time is closed, if the earlier one still sends."""
_LOOK_EVERY_S: Final = 0.2
"""How often it is checked whether the earlier connection still sends."""


class Connections:
    """Makes a source for each offer. All share the session's clock and continue its frame numbers."""

    def __init__(
        self,
        make_source: Callable[[SessionClock, int], Source],
        clock: SessionClock,
        drain: Callable[[Source], Awaitable[None]],
        connected: Callable[[bool], None],
        delivers: Callable[[UUID], None],
    ) -> None:
        """`drain` takes the media of a source until it ends; `connected` is called for each source that comes
        into force, with True if it replaced another page that was still sending; `delivers` when the media of
        a page's source that is in force begin to arrive."""
        self._make_source = make_source
        self._clock = clock
        self._drain = drain
        self._connected = connected
        self._told = delivers
        self._tasks: asyncio.TaskGroup | None = None
        self._pages: dict[UUID, Source] = {}
        """The newest connection of each page, until it ends."""
        self._open: set[Source] = set()
        self._drops: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._decode_s = 0.0
        self._senses: Collection[Sense] = frozenset(Sense)
        self._tab: UUID | None = None
        """The id of the window of the connection in force; None: the client sent none, as programs do."""
        self._hung_up = False
        """Whether the page of the connection in force has left."""
        self._last: Source | None = None
        """The connection whose offer was answered last, also after its end."""
        self.newest: Source | None = None
        """The newest connection that is or was in force, also after its end."""

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
        """Answer a page's offer. `tab`: the id of the page's window. The earlier connection is closed as soon
        as the new one is in force. `page`: its number.

        Raises `Rejected` and `Unavailable` as `Source.answer` does, and `Rejected`: 409 when a newer offer
        was answered first, 410 after the end.
        """
        last = self._last
        former = [each.frame_count for each in (last, self.newest) if each is not None]
        before = frame_numbers.after(max(former)) if former else frame_numbers.first(self._clock.begins_s)
        source = self._make_source(self._clock, before)
        try:
            answer = await source.answer(offer_sdp)
            source.want(self._senses)
            self._take_in(page, source, last, tab)
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

    def decode_s(self) -> float:
        """Processor time that all connections so far have spent on decoding."""
        now = time.monotonic()
        return self._decode_s + sum(source.counts(now).decode_s for source in self._open)

    def errors(self) -> Counter[str]:
        """The connections so far that were refused or failed, by cause."""
        return self._errors.copy()

    def _take_in(self, page: UUID, source: Source, last: Source | None, tab: UUID | None) -> None:
        if self._tasks is None:
            raise Rejected("the session has ended", code="session-ended", status=410)
        if self._last is not last:
            raise Rejected("a newer connection was answered first", code="superseded", status=409)
        self._last = source
        if last is not None and last is not self.newest:
            self._tasks.create_task(last.close())
        former = self.newest
        if former is None or not self._shows(former):
            self._put_in_force(source, tab)
        self._open.add(source)
        self._tasks.create_task(self._attend(page, source, tab))

    def _put_in_force(self, source: Source, tab: UUID | None) -> None:
        former, another = self.newest, tab != self._tab and not self._hung_up
        again = another and former is not None and _sends(former)
        self.newest, self._tab, self._hung_up = source, tab, False
        if former is not None and self._tasks is not None:
            self._tasks.create_task(former.close())
        self._connected(again)

    async def _attend(self, page: UUID, source: Source, tab: UUID | None) -> None:
        try:
            if source is self.newest or await self._may_take_over(source):
                if source is not self.newest:
                    source.audio.clear()  # the earlier connection has delivered this time
                    self._put_in_force(source, tab)
                await self._watched(page, source)
        finally:
            self._open.discard(source)
            counts = source.counts(time.monotonic())
            self._drops += Counter(counts.dropped)
            self._decode_s += counts.decode_s
            if counts.error is not None:
                self._errors[counts.error] += 1
            self._pages = {page: each for page, each in self._pages.items() if each is not source}
            await source.close()

    async def _watched(self, page: UUID, source: Source) -> None:
        """Drain a connection in force until it ends; tell once when its media arrive."""
        telling = asyncio.create_task(self._tell_delivery(page, source))
        try:
            await self._drain(source)
        finally:
            telling.cancel()

    async def _tell_delivery(self, page: UUID, source: Source) -> None:
        while not self._delivers(source):  # noqa: ASYNC110  a source tells of media only when asked
            await asyncio.sleep(_LOOK_EVERY_S)
        self._told(page)

    async def _may_take_over(self, source: Source) -> bool:
        """Wait until a new connection has a picture, or any media while nobody may look, or until the earlier
        one stops sending. False if it ends or another one replaces it before, or if nothing comes."""
        until = time.monotonic() + DELIVERS_S
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    begun = await source.video.filled()
            except TimeoutError:
                # A picture that nobody may look at does not get here.
                begun = Sense.SIGHT not in self._senses and self._delivers(source)
            if source.video.closed or self._last is not source:
                return False
            if begun or self.newest is None or not self._shows(self.newest):
                return True
        self._errors["no-picture"] += 1
        return False

    def _shows(self, source: Source) -> bool:
        """Whether what counts of this connection arrives now."""
        age_s = self._age_s(source)
        return age_s is not None and age_s < SENDS_S and not source.video.closed

    def _delivers(self, source: Source) -> bool:
        """Whether what counts of this connection has arrived."""
        return self._age_s(source) is not None

    def _age_s(self, source: Source) -> float | None:
        """The age of its newest picture, or of its newest media while nobody may look; None before any."""
        counts = source.counts(time.monotonic())
        return counts.frame_age_s if Sense.SIGHT in self._senses else counts.media_age_s


def _sends(source: Source) -> bool:
    """Whether media of this connection still arrive. If not, its page was closed or lost, and the new one is
    not a second page."""
    age_s = source.counts(time.monotonic()).media_age_s
    return age_s is not None and age_s < SENDS_S
