"""Plan and report of retention in the API's form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.retention.planning import Back, Item
from coordinator.retention.service import Erased, LastErasing
from coordinator.retention.tables import RetentionTally
from shared.api.retention import (
    RetentionClassOut,
    RetentionDayOut,
    RetentionErasedOut,
    RetentionItemOut,
    RetentionReportOut,
    RetentionRunOut,
)
from shared.retention import Kept


@dataclass(slots=True)
class Counts:
    """The plan of one class while it is counted."""

    kept: Kept
    due: int = 0
    held: int = 0
    under_review: int = 0
    later: int = 0
    following: list[datetime] = field(default_factory=list)
    """At most one: the next instant at which something is due."""

    def add(self, item: Item, now_utc: datetime) -> None:
        """Count one item."""
        if not item.is_due(now_utc):
            self.later += 1
            self.following = [min([*self.following, item.due_utc])]
        elif Back.HOLD in item.back:
            self.held += 1
        elif Back.REVIEW in item.back:
            self.under_review += 1
        else:
            self.due += 1

    def out(self) -> RetentionClassOut:
        """In the API's form."""
        return RetentionClassOut(
            kept=self.kept,
            due=self.due,
            held=self.held,
            under_review=self.under_review,
            later=self.later,
            next_due_at=self.following[0] if self.following else None,
        )


def items_out(db: Session, items: Sequence[Item]) -> list[RetentionItemOut]:
    """Items with the names of their candidates."""
    names = candidates.references(db, {one.candidate_id for one in items})
    return [
        RetentionItemOut(
            kept=one.kept,
            candidate_id=names[one.candidate_id],
            exam_id=one.exam,
            due_at=one.due_utc,
            kept_back=[back.value for back in one.back],
        )
        for one in items
        if one.candidate_id in names
    ]


def report_out(last: LastErasing, rows: Iterable[RetentionTally]) -> RetentionReportOut:
    """What was erased, by day and class."""
    days = [
        RetentionDayOut(day=row.day, kept=row.kept, things=row.things, keys=row.keys, rows=row.rows)
        for row in rows
    ]
    return RetentionReportOut(done_at=last.done_utc, running=last.running, days=days)


def run_out(erased: Erased, tenant_id: UUID) -> RetentionRunOut:
    """What one run has erased of an institution."""
    of_tenant = {kept: tally for (tenant, kept), tally in erased.tallies.items() if tenant == tenant_id}
    return RetentionRunOut(
        erased=[
            RetentionErasedOut(kept=kept, things=tally.things, keys=tally.keys, rows=tally.rows)
            for kept, tally in of_tenant.items()
        ],
        more=erased.more,
    )
