"""Raises alerts for pages that never connect or do not come back.

The state of each session's page, from the nodes' heartbeats, is remembered from round to round; `waiting`
decides. Each absence is reported once: open ones are read from the database after a restart, and written
under a lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.sessions.absence import service as absence
from coordinator.sessions.absence.waiting import Awaited
from coordinator.web_api.parts import Parts

MAX_SAID: Final = 50
"""The most alerts written in one round; the others follow in the next."""
MAX_REMEMBERED: Final = 10_000
WAITING: Final = "waiting"
"""The phase, as its node reports it, in which no page has connected since the node started the session."""
WATCHING: Final = "watching"
WITHHELD: Final = "withheld"
"""The phase in which a page is connected but nobody may look at its pictures."""


class Absences:
    """One coordinator's memory of expected pages. Must not be used by two tasks at once."""

    def __init__(self) -> None:
        self._awaited: dict[UUID, Awaited] = {}
        self._came: OrderedDict[UUID, None] = OrderedDict()
        """Sessions that had a page, the most recent last."""
        self._open: set[UUID] | None = None
        """Sessions with an open absence; None before the first round."""

    async def round(self, parts: Parts, now_utc: datetime | None = None) -> None:
        """Run one round. Raises `Unavailable` if the database cannot be reached."""
        now_utc = now_utc or datetime.now(UTC)
        if self._open is None:
            self._open = await parts.reading(lambda db: absence.open_absences(db, now_utc))
        phases = {
            session.session_id: session.phase
            for state in parts.fleet.online(parts.clock())
            for session in state.heartbeat.sessions
        }
        self._note_came(one for one, phase in phases.items() if phase != WAITING)
        await self._await(parts, {one for one, phase in phases.items() if phase == WAITING}, now_utc)
        await self._say_absent(parts, self._open, now_utc)
        watched = {one for one, phase in phases.items() if phase in (WATCHING, WITHHELD)}
        await self._say_over(parts, self._open, watched, now_utc)

    def _note_came(self, session_ids: Iterable[UUID]) -> None:
        for one in session_ids:
            self._came[one] = None
            self._came.move_to_end(one)
        while len(self._came) > MAX_REMEMBERED:
            self._came.popitem(last=False)

    async def _await(self, parts: Parts, waiting: set[UUID], now_utc: datetime) -> None:
        self._awaited = {one: known for one, known in self._awaited.items() if one in waiting}
        new = waiting - self._awaited.keys()
        if new:
            keyring, came = parts.keys.keyring, new & self._came.keys()
            self._awaited |= await parts.reading(lambda db: absence.missing(db, keyring, new, came, now_utc))

    async def _say_absent(self, parts: Parts, said: set[UUID], now_utc: datetime) -> None:
        missed = [one for one, page in self._awaited.items() if one not in said and page.missed(now_utc)]
        keyring = parts.keys.keyring
        for one in missed[:MAX_SAID]:
            page = self._awaited[one]
            await _told(
                parts,
                partial(absence.say_absent, keyring=keyring, session_id=one, page=page, now_utc=now_utc),
            )
            said.add(one)

    async def _say_over(self, parts: Parts, said: set[UUID], watched: set[UUID], now_utc: datetime) -> None:
        if not said:
            return
        running = await parts.reading(lambda db: absence.running(db, said, now_utc))
        keyring = parts.keys.keyring
        for one in sorted((said & watched) | (said - running))[:MAX_SAID]:
            await _told(parts, partial(absence.say_over, keyring=keyring, session_id=one, now_utc=now_utc))
            said.discard(one)


async def _told(parts: Parts, write: Callable[[Session], Stored | None]) -> None:
    stored = await parts.writing(write)
    if stored is not None:
        parts.rooms.tell(stored.session_id, stored.shown, stored.revision)
