"""Erases what is due, every hour, in one coordinator at a time, in small transactions.

If a coordinator dies in a run, another one goes on after two minutes, or the same one after its start: each
run reads anew what is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.audit import service as audit
from coordinator.candidates import service as candidates
from coordinator.ground.ids import uuid7
from coordinator.holds import service as holds
from coordinator.retention import (
    archiving,
    erasing_service as erasing,
    facts_service as facts,
    service as retention,
)
from coordinator.retention.planning import OF_EXAMS, OF_PERSONS, Item, PersonFacts, plan
from coordinator.retention.service import Erased, ErasedTally, Tallies
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.retention import Kept

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0
LOOKED_AT_ONCE: Final = 200
"""Persons read in one transaction."""
ERASED_AT_ONCE: Final = 50
"""Persons of whom something is erased in one transaction."""
MOST_OF_A_RUN: Final = 2_000
"""Persons; the others follow in the next run, which then begins at once."""

_ORDER: Final = [*((kept, False) for kept in OF_EXAMS), *((kept, True) for kept in OF_PERSONS)]

Step = Callable[[Session, UUID, Sequence[Item], datetime], ErasedTally]


async def run(parts: Parts) -> None:
    """Run whenever an hour has passed since the last run, until cancelled."""
    holder = uuid7()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        with suppress(Unavailable):  # the database is unavailable: the next look finds the same
            await _look(parts, Asked(holder, datetime.now(UTC), if_due=True))


async def _look(parts: Parts, asked: Asked) -> None:
    erased = await erase_due(parts, asked)
    if erased is not None and not erased.more:
        await archiving.archive_due(parts, asked.now_utc)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who erases from when on, and what."""

    holder: UUID
    now_utc: datetime
    if_due: bool = False
    """Only if nothing was erased for an hour."""
    tenant_id: UUID | None = None
    """Of one institution; None: of all."""
    most: int = MOST_OF_A_RUN


async def erase_due(parts: Parts, asked: Asked) -> Erased | None:
    """Erase what is due; None if another coordinator does it, or it was done within the hour."""
    taken = partial(retention.take, holder=asked.holder, now_utc=asked.now_utc, if_due=asked.if_due)
    if not await parts.writing(taken):
        return None
    done_utc = None
    try:
        erased = await _erase(parts, asked)
        if asked.tenant_id is None and not erased.more:
            done_utc = asked.now_utc
        return erased
    finally:
        with suppress(Unavailable):
            await parts.writing(lambda db: retention.give_back(db, asked.holder, done_utc))


async def looked(parts: Parts, tenant_id: UUID | None, now_utc: datetime) -> AsyncIterator[list[Item]]:
    """Everything that is kept, whether due or not, some persons at a time."""
    after: UUID | None = None
    while True:
        work = partial(_kept, after=after, tenant_id=tenant_id, now_utc=now_utc)
        items, after = await parts.reading(work)
        yield items
        if after is None:
            return


def _kept(
    db: Session, after: UUID | None, tenant_id: UUID | None, now_utc: datetime
) -> tuple[list[Item], UUID | None]:
    ids = facts.people(db, after, LOOKED_AT_ONCE, tenant_id)
    items = [item for _, plans in _plans(db, ids, now_utc) for item in plans]
    return items, ids[-1] if len(ids) == LOOKED_AT_ONCE else None


async def _erase(parts: Parts, asked: Asked) -> Erased:
    ids, more = await _going(parts, asked)
    destroyed = await _stepped(parts, asked, _keys, ids)
    if any(tally.keys for tally in destroyed.values()):
        await asyncio.to_thread(parts.database.scrub)
    removed = await _stepped(parts, asked, _rows, ids)
    if any(tally.rows for tally in removed.values()):
        await asyncio.to_thread(parts.database.scrub)
    tallies = retention.total((destroyed, removed))
    for (tenant, kept), tally in tallies.items():
        counts = {"tenant_id": str(tenant), "kept": str(kept), "keys": tally.keys, "rows": tally.rows}
        log.info("what was kept long enough is erased", extra=counts)
    return Erased(tallies, more)


async def _going(parts: Parts, asked: Asked) -> tuple[list[UUID], bool]:
    """Persons of whom something goes now, and whether there are more of them."""
    going: list[UUID] = []
    async for items in looked(parts, asked.tenant_id, asked.now_utc):
        going += dict.fromkeys(item.candidate_id for item in items if item.goes(asked.now_utc))
        if len(going) > asked.most:
            return going[: asked.most], True
    return going, False


async def _stepped(parts: Parts, asked: Asked, step: Step, ids: Sequence[UUID]) -> Tallies:
    began, done = parts.clock(), []
    for begin in range(0, len(ids), ERASED_AT_ONCE):
        now_utc = asked.now_utc + timedelta(seconds=parts.clock() - began)
        some = ids[begin : begin + ERASED_AT_ONCE]
        work = partial(_worked, holder=asked.holder, ids=some, step=step, now_utc=now_utc)
        done.append(await parts.writing(work))
    return retention.total(done)


def _worked(db: Session, holder: UUID, ids: Sequence[UUID], step: Step, now_utc: datetime) -> Tallies:
    """Do one step of all that goes of these persons, as it is now."""
    if not retention.still_held(db, holder, now_utc):
        raise Unavailable("another coordinator erases now", code="retention-running")
    holds.settle(db, ids)
    candidates.lock_all(db, ids)
    going: dict[tuple[UUID, Kept, bool], list[Item]] = {}
    for person, items in _plans(db, ids, now_utc):
        for item in items:
            if item.goes(now_utc):
                going.setdefault((person.tenant_id, item.kept, item.exam is None), []).append(item)
    done: Tallies = {}
    # Pictures before alerts, whose end is theirs too; what is of an exam before what is of the person.
    for (tenant_id, kept, _), alike in sorted(going.items(), key=lambda one: _ORDER.index(one[0][1:])):
        done.setdefault((tenant_id, kept), ErasedTally()).add(step(db, tenant_id, alike, now_utc))
    retention.note(db, done, now_utc.date())
    for (tenant_id, kept), tally in done.items():
        if tally.keys or tally.rows:
            audit.write_own(db, tenant_id, f"erase_{kept}", tally.keys or tally.rows, now_utc)
    return done


def _plans(db: Session, ids: Sequence[UUID], now_utc: datetime) -> list[tuple[PersonFacts, tuple[Item, ...]]]:
    people = facts.gather(db, ids, now_utc)
    living = {tenant: holds.living(db, tenant) for tenant in {one.tenant_id for one in people}}
    return [(one, plan(one, living[one.tenant_id], now_utc)) for one in people]


def _keys(db: Session, tenant_id: UUID, items: Sequence[Item], now_utc: datetime) -> ErasedTally:
    destroyed = erasing.destroy_keys(db, tenant_id, items, now_utc)
    return ErasedTally(things=len(destroyed), keys=sum(destroyed.values()))


def _rows(db: Session, tenant_id: UUID, items: Sequence[Item], now_utc: datetime) -> ErasedTally:
    unsealed = items[0].kept is Kept.RECORDS  # of all else the keys were counted
    return ErasedTally(
        things=len(items) if unsealed else 0, rows=erasing.remove_rows(db, tenant_id, items, now_utc)
    )
