"""Which coordinator erases at present, and how much was erased. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.ground.database import insert_once
from coordinator.retention.tables import RetentionLease, RetentionTally
from coordinator.tenants.institutions import INSTALLATION_ID
from shared.retention import Kept

HELD_FOR: Final = timedelta(minutes=2)
"""A coordinator that has not erased anything for so long has died; another one goes on."""
EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LastErasing:
    """When erasing was last completed, and whether it goes on at present."""

    done_utc: datetime | None
    running: bool


@dataclass(slots=True)
class ErasedTally:
    """How much of one class was erased."""

    things: int = 0
    keys: int = 0
    rows: int = 0

    def add(self, other: ErasedTally) -> None:
        """Add another tally to this one."""
        self.things += other.things
        self.keys += other.keys
        self.rows += other.rows


Tallies = dict[tuple[UUID, Kept], ErasedTally]
"""By institution and class."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What a run has done."""

    tallies: Tallies = field(default_factory=dict)
    more: bool = False
    """Whether something is still due."""


def take(db: Session, holder: UUID, now_utc: datetime, *, if_due: bool) -> bool:
    """Take the lease; False while another coordinator has it, or, with `if_due`, within an hour of the last
    run."""
    insert_once(db, RetentionLease(tenant_id=INSTALLATION_ID))
    row = _locked(db)
    if row.held_until_utc is not None and row.held_until_utc > now_utc and row.held_by != holder:
        return False
    if if_due and row.done_utc is not None and row.done_utc <= now_utc < row.done_utc + EVERY:
        return False
    row.held_by, row.held_until_utc = holder, now_utc + HELD_FOR
    db.add(row)
    db.flush()
    return True


def still_held(db: Session, holder: UUID, now_utc: datetime) -> bool:
    """Hold the lease for longer, in the transaction that erases; False if another coordinator has it."""
    row = _locked(db)
    if row.held_by != holder:
        return False
    row.held_until_utc = now_utc + HELD_FOR
    db.add(row)
    db.flush()
    return True


def give_back(db: Session, holder: UUID, done_utc: datetime | None) -> None:
    """Give the lease back; `done_utc`: everything that was due is erased."""
    row = _locked(db)
    if row.held_by != holder:
        return
    row.held_by = row.held_until_utc = None
    row.done_utc = done_utc or row.done_utc
    db.add(row)
    db.flush()


def last_erasing(db: Session, now_utc: datetime) -> LastErasing:
    """When erasing was last completed, and whether it goes on."""
    row = db.get(RetentionLease, INSTALLATION_ID)
    if row is None:
        return LastErasing(None, running=False)
    return LastErasing(row.done_utc, row.held_until_utc is not None and row.held_until_utc > now_utc)


def note(db: Session, tallies: Tallies, day: date) -> None:
    """Add to what was erased on a day, in the transaction that erases. The lease is held, so nobody else adds
    at the same time."""
    for (tenant_id, kept), tally in tallies.items():
        row = db.get(RetentionTally, (tenant_id, day, kept))
        if row is None:
            row = RetentionTally(tenant_id=tenant_id, day=day, kept=kept)
        row.things += tally.things
        row.keys += tally.keys
        row.rows += tally.rows
        db.add(row)
    db.flush()


def report(db: Session, tenant_id: UUID, since: date, until: date) -> list[RetentionTally]:
    """What was erased of an institution from one day to another, oldest first."""
    wanted = (
        select(RetentionTally)
        .where(
            RetentionTally.tenant_id == tenant_id,
            col(RetentionTally.day) >= since,
            col(RetentionTally.day) <= until,
        )
        .order_by(col(RetentionTally.day), col(RetentionTally.kept))
    )
    return list(db.exec(wanted))


def total(several: Iterable[Tallies]) -> Tallies:
    """The sum of several tallies."""
    summed: Tallies = {}
    for one in several:
        for place, tally in one.items():
            summed.setdefault(place, ErasedTally()).add(tally)
    return summed


def _locked(db: Session) -> RetentionLease:
    wanted = select(RetentionLease).where(RetentionLease.tenant_id == INSTALLATION_ID)
    return db.exec(wanted.with_for_update().execution_options(populate_existing=True)).one()
