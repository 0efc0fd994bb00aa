"""Raises alerts for pages that never connect or do not come back.

The state of each session's page, from the nodes' heartbeats, is remembered from round to round; `waiting`
decides. Each absence is reported once: open ones are read from the database after a restart, and written
under a lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from coordinator.sessions.absence import service as absence
from coordinator.sessions.absence.waiting import Awaited, absence_alert, ended_absence
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.lasting.telling import tell
from coordinator.sessions.presence.noting import said_by
from coordinator.web_api.parts import Parts
from shared.events.types import EventType

EVENT: Final = EventType.CANDIDATE_OFFLINE
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
            self._open = await parts.reading(lambda db: lasting.still_open(db, EVENT, now_utc))
        phases = said_by(parts.fleet.online(parts.clock()))
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
            await tell(
                parts,
                partial(
                    lasting.raise_one,
                    keyring=keyring,
                    session_id=one,
                    write=partial(absence_alert, awaited=page, raised_utc=now_utc),
                    now_utc=now_utc,
                ),
            )
            said.add(one)

    async def _say_over(self, parts: Parts, said: set[UUID], watched: set[UUID], now_utc: datetime) -> None:
        if not said:
            return
        running = await parts.reading(lambda db: lasting.running(db, said, now_utc))
        keyring = parts.keys.keyring
        for one in sorted((said & watched) | (said - running))[:MAX_SAID]:
            await tell(
                parts,
                partial(
                    lasting.clear_one,
                    keyring=keyring,
                    session_id=one,
                    event=EVENT,
                    now_utc=now_utc,
                    write=ended_absence,
                ),
            )
            said.discard(one)
