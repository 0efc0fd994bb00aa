"""Turns, results, dead letters, replay and clearing in the database. Flushes, never commits.

A destination's worker runs in one coordinator at a time: it holds the destination for a minute and renews
that with every round's results. Another one takes it over when the minute is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, delete, select, update

from coordinator.audit import service as audit
from coordinator.deliveries.schedule import Breaker
from coordinator.destinations import certificates_service as certificates, secrets_service as secrets
from coordinator.destinations.outbox_service import KEPT_FOR
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import Tenant
from coordinator.web_api.cursors import Cursor, cut
from shared.deliveries import SENT_TO

HELD_FOR: Final = timedelta(seconds=60)
"""Longer than a round can take."""
CLEARED_AT_ONCE: Final = 5_000
_LEFT: Final = MappingProxyType({DeliveryState.DELIVERED: "done", DeliveryState.DEAD: "failed"})
"""What the audit log says of a delivery that has left: taken, or given up, of which the content may have
been read."""
REPLAYED: Final = (DeliveryState.DELIVERED, DeliveryState.DEAD)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one delivery in a round."""

    sequence: int
    state: DeliveryState
    attempts: int
    reason: str | None
    next_try_utc: datetime | None = None
    """Of one that still waits."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a round brought."""

    settled: tuple[Settled, ...]
    before: Breaker
    """How the destination was doing when the round began."""
    breaker: Breaker
    """How it is doing now."""
    last_error: str | None
    at_utc: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead delivery and its session's name."""

    row: Delivery
    exam_session_id: str


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Selects dead letters of a destination."""

    destination_id: UUID
    after: Cursor | None
    limit: int


def due(db: Session, holder: UUID, now_utc: datetime) -> list[UUID]:
    """The destinations to which this coordinator may send something now."""
    waiting = exists().where(
        col(Delivery.destination_id) == col(Destination.id),
        col(Delivery.state) == DeliveryState.WAITING,
        col(Delivery.next_try_utc) <= now_utc,
    )
    of_tenants = select(Destination.id).join(Tenant, col(Tenant.id) == col(Destination.tenant_id))
    wanted = of_tenants.where(
        col(Destination.kind).in_(SENT_TO),
        col(Tenant.disabled_utc).is_(None),
        col(Destination.paused_utc).is_(None),
        col(Destination.removed_utc).is_(None),
        or_(col(Destination.open_until_utc).is_(None), col(Destination.open_until_utc) <= now_utc),
        _free(holder, now_utc),
        waiting,
    )
    return list(db.exec(wanted))


def take(db: Session, destination_id: UUID, holder: UUID, now_utc: datetime) -> bool:
    """Take a destination, or keep it; False if another coordinator has it."""
    taken = db.exec(
        update(Destination)
        .where(col(Destination.id) == destination_id, _free(holder, now_utc))
        .values(held_by=holder, held_until_utc=now_utc + HELD_FOR)
    )
    return taken.rowcount == 1


def give_back(db: Session, destination_id: UUID, holder: UUID) -> None:
    """Let any coordinator take a destination."""
    db.exec(
        update(Destination)
        .where(col(Destination.id) == destination_id, col(Destination.held_by) == holder)
        .values(held_by=None, held_until_utc=None)
    )


def settle(db: Session, destination_id: UUID, results: Results) -> None:
    """Store the results of a round; a delivery that was dropped meanwhile stays so.

    Somebody who had it sent again meanwhile is believed: what failed before that is tried again at once.
    """
    if not results.settled:
        return
    resumed = not _keep_health(db, destination_id, results)
    waiting = select(Delivery.sequence, Delivery.tenant_id, Delivery.session_id).where(
        col(Delivery.destination_id) == destination_id,
        col(Delivery.sequence).in_([one.sequence for one in results.settled]),
        col(Delivery.state) == DeliveryState.WAITING,
    )
    mine = {sequence: (tenant_id, session_id) for sequence, tenant_id, session_id in db.exec(waiting)}
    changed = [_values(one, results.at_utc, resumed) for one in results.settled if one.sequence in mine]
    if changed:
        db.execute(update(Delivery), changed)
        over = [one["sequence"] for one in changed if one["state"] != DeliveryState.WAITING]
        _forget_told(db, over)
        left = Counter(
            (*mine[one["sequence"]], _LEFT[one["state"]]) for one in changed if one["state"] in _LEFT
        )
        audit.write_sent(db, destination_id, left, results.at_utc)


def _forget_told(db: Session, sequences: Sequence[int]) -> None:
    """Empty the notices of erasures that were delivered or dropped; a dead one may be sent again."""
    told = col(Delivery.sequence).in_(sequences), col(Delivery.told_sealed).is_not(None)
    db.exec(update(Delivery).where(*told, col(Delivery.state) != DeliveryState.DEAD).values(told_sealed=None))


def _keep_health(db: Session, destination_id: UUID, results: Results) -> bool:
    """Store how the destination is doing; False if somebody has said otherwise since the round began."""
    before, now = results.before, results.breaker
    kept = db.exec(
        update(Destination)
        .where(
            col(Destination.id) == destination_id,
            col(Destination.failures) == before.failures,
            col(Destination.open_until_utc).is_not_distinct_from(before.open_until_utc),
        )
        .values(failures=now.failures, open_until_utc=now.open_until_utc, last_error=results.last_error)
    )
    return kept.rowcount == 1


def _values(one: Settled, at_utc: datetime, resumed: bool) -> dict[str, Any]:
    waits = one.next_try_utc is not None
    return {
        "sequence": one.sequence,
        "state": one.state,
        "attempts": one.attempts,
        "reason": one.reason,
        "next_try_utc": at_utc if resumed else one.next_try_utc or at_utc,
        "settled_utc": None if waits else at_utc,
    }


def replay_since(db: Session, destination_id: UUID, since_utc: datetime, now_utc: datetime) -> int:
    """Send again what was noted since an instant; returns its number. What was dropped stays so."""
    return _replay(
        db, destination_id, now_utc, col(Delivery.state).in_(REPLAYED), col(Delivery.noted_utc) >= since_utc
    )


def replay_dead(db: Session, destination_id: UUID, parcels: Sequence[UUID] | None, now_utc: datetime) -> int:
    """Send some dead letters again, or all of them; returns their number."""
    which = [col(Delivery.state) == DeliveryState.DEAD]
    if parcels is not None:
        which.append(col(Delivery.parcel_id).in_(parcels))
    return _replay(db, destination_id, now_utc, *which)


def dead_letters(db: Session, query: LetterQuery) -> tuple[Sequence[DeadLetter], Cursor | None]:
    """Dead letters, oldest first, and the next page's cursor."""
    order = (col(Delivery.noted_utc), col(Delivery.parcel_id))
    wanted = (
        select(Delivery, ExamSession.reference)
        .join(ExamSession, col(ExamSession.id) == col(Delivery.session_id))
        .where(Delivery.destination_id == query.destination_id, col(Delivery.state) == DeliveryState.DEAD)
        .order_by(*order)
        .limit(query.limit + 1)
    )
    if query.after is not None:
        at_utc, row_id = query.after
        wanted = wanted.where(or_(order[0] > at_utc, and_(order[0] == at_utc, order[1] > row_id)))
    rows = [DeadLetter(*row) for row in db.exec(wanted)]
    return cut(rows, query.limit, lambda one: Cursor(one.row.noted_utc, one.row.parcel_id))


def clear(db: Session, now_utc: datetime) -> int:
    """Delete what is older than it is kept, some thousand rows at a time, and removed destinations without
    any rows; returns how many deliveries were deleted."""
    secrets.forget_ended(db, now_utc)
    certificates.forget_ended(db, now_utc)
    old = (
        select(Delivery.sequence)
        .where(col(Delivery.noted_utc) < now_utc - KEPT_FOR)
        .order_by(col(Delivery.noted_utc))
        .limit(CLEARED_AT_ONCE)
    )
    gone = db.exec(delete(Delivery).where(col(Delivery.sequence).in_(old)))
    rows = exists().where(col(Delivery.destination_id) == col(Destination.id))
    db.exec(delete(Destination).where(col(Destination.removed_utc) < now_utc - KEPT_FOR - HELD_FOR, ~rows))
    return gone.rowcount


def _replay(db: Session, destination_id: UUID, now_utc: datetime, *which: ColumnElement[bool] | Any) -> int:
    done = db.exec(
        update(Delivery)
        .where(col(Delivery.destination_id) == destination_id, *which)
        .values(
            state=DeliveryState.WAITING,
            attempts=0,
            reason=None,
            due_utc=now_utc,
            next_try_utc=now_utc,
            settled_utc=None,
            place=None,
        )
    )
    return done.rowcount


def _free(holder: UUID, now_utc: datetime) -> ColumnElement[bool]:
    return or_(
        col(Destination.held_by).is_(None),
        col(Destination.held_by) == holder,
        col(Destination.held_until_utc) <= now_utc,
    )
