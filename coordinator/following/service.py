"""Places, cursors and what comes next for a program that follows. Flushes, never commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select, update

from coordinator.audit import service as audit
from coordinator.deliveries import parcels_service as parcels, service as deliveries
from coordinator.deliveries.parcels_service import Parcel
from coordinator.deliveries.service import HELD_FOR
from coordinator.destinations import certificates_service as certificates
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.following.cursors import FollowCursor, read_follow_cursor
from coordinator.ground.keyring import Keyring
from shared.api.destinations import DestinationFilter

RENEWED_BEFORE: Final = HELD_FOR / 2


class NotKnown(Exception):
    """No destination has this certificate, or not any more."""


class CursorRefused(Exception):
    """A cursor is none of this destination's."""


@dataclass(frozen=True, slots=True)
class Follower:
    """One call that follows a destination."""

    destination_id: UUID
    holder: UUID
    again: bool
    """Whether it asked for what came after a cursor, also if that is acknowledged."""


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery with its place."""

    cursor: FollowCursor
    parcel_id: UUID
    body: str


@dataclass(frozen=True, slots=True)
class Portion:
    """What is sent next."""

    told: tuple[Told, ...]
    place: int
    """Where the call is then."""
    whole: bool
    """Whether nothing more waits."""


@dataclass(frozen=True, slots=True)
class CallStands:
    """Whether a call still has its destination, and whether there is something to do."""

    mine: bool
    to_do: bool


def begin(
    db: Session, fingerprint: bytes, after: str, holder: UUID, now_utc: datetime
) -> tuple[Follower, int]:
    """Let a call follow the destination of its certificate, whoever did until now; also says from which place
    on. Raises `NotKnown` or `CursorRefused`."""
    row = _known(db, fingerprint, now_utc)
    place = _place(row, after) if after else 0
    if place:
        _settle(db, row.id, place, now_utc)
    row.held_by, row.held_until_utc = holder, now_utc + HELD_FOR
    db.add(row)
    db.flush()
    return Follower(row.id, holder, again=place > 0), place


def acknowledge(db: Session, fingerprint: bytes, cursor: str, now_utc: datetime) -> int:
    """Note that everything up to a cursor was received; returns how many deliveries that are. Raises
    `NotKnown` or `CursorRefused`."""
    row = _known(db, fingerprint, now_utc)
    return _settle(db, row.id, _place(row, cursor), now_utc)


def check(db: Session, fingerprint: bytes, now_utc: datetime) -> None:
    """Raises `NotKnown` if the certificate is accepted no more."""
    _known(db, fingerprint, now_utc)


def look(db: Session, fingerprint: bytes, follower: Follower, place: int, now_utc: datetime) -> CallStands:
    """How it stands between two portions. Raises `NotKnown`."""
    row = _known(db, fingerprint, now_utc)
    if row.held_by != follower.holder:
        return CallStands(mine=False, to_do=False)
    if row.held_until_utc is None or row.held_until_utc - now_utc < RENEWED_BEFORE:
        return CallStands(mine=True, to_do=True)
    if row.paused_utc is not None:
        return CallStands(mine=True, to_do=False)
    waits = db.exec(select(exists().where(*_unplaced(row.id, now_utc)))).one()
    return CallStands(mine=True, to_do=row.placed > place or waits)


def portion(
    db: Session, keyring: Keyring, follower: Follower, place: int, limit: int, now_utc: datetime
) -> Portion | None:
    """Place and read what comes next; None: another call follows now."""
    if not deliveries.take(db, follower.destination_id, follower.holder, now_utc):
        return None
    row = db.get_one(Destination, follower.destination_id, populate_existing=True)
    if row.paused_utc is not None or row.removed_utc is not None:
        return Portion((), place, whole=True)
    placed = _placed(db, follower, place, limit)
    fresh = _fresh(db, row.id, limit - len(placed), now_utc)
    for one in fresh:
        row.placed += 1
        one.place = row.placed
    rows = [*placed, *fresh]
    db.flush()
    found = parcels.parcels_of(db, keyring, rows, DestinationFilter.model_validate(row.wanted))
    told = [_told(one, parcel, now_utc) for one, parcel in zip(rows, found, strict=True)]
    db.flush()
    _write_down(db, row.id, [*zip(fresh, told[len(placed) :], strict=True)], now_utc)
    reached = rows[-1].place if len(rows) == limit else row.placed
    assert reached is not None  # each has one by now
    return Portion(tuple(one for one in told if one is not None), reached, whole=len(rows) < limit)


def _known(db: Session, fingerprint: bytes, now_utc: datetime) -> Destination:
    row = certificates.destination_of(db, fingerprint, now_utc)
    if row is None:
        raise NotKnown
    return row


def _place(row: Destination, text: str) -> int:
    try:
        cursor = read_follow_cursor(text)
    except ValueError as error:
        raise CursorRefused from error
    if cursor.destination_id != row.id or cursor.place > row.placed:
        raise CursorRefused
    return cursor.place


def _placed(db: Session, follower: Follower, place: int, limit: int) -> Sequence[Delivery]:
    states = [DeliveryState.WAITING, *([DeliveryState.DELIVERED] if follower.again else [])]
    wanted = select(Delivery).where(
        col(Delivery.destination_id) == follower.destination_id,
        col(Delivery.place) > place,
        col(Delivery.state).in_(states),
    )
    return db.exec(wanted.order_by(col(Delivery.place)).limit(limit)).all()


def _unplaced(destination_id: UUID, now_utc: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Delivery.destination_id) == destination_id,
        col(Delivery.state) == DeliveryState.WAITING,
        col(Delivery.next_try_utc) <= now_utc,
        col(Delivery.place).is_(None),
    )


def _fresh(db: Session, destination_id: UUID, limit: int, now_utc: datetime) -> Sequence[Delivery]:
    if limit <= 0:
        return []
    wanted = select(Delivery).where(*_unplaced(destination_id, now_utc))
    return db.exec(wanted.order_by(col(Delivery.sequence)).limit(limit)).all()


def _told(row: Delivery, parcel: Parcel, now_utc: datetime) -> Told | None:
    """What is sent; one that is not to be sent any more is dropped."""
    if parcel.body is None:
        if row.state is DeliveryState.WAITING:
            row.state, row.reason, row.settled_utc = DeliveryState.DROPPED, parcel.reason, now_utc
        return None
    assert row.place is not None  # it was placed before
    return Told(FollowCursor(row.destination_id, row.place), row.parcel_id, parcel.body)


def _write_down(
    db: Session, destination_id: UUID, fresh: Sequence[tuple[Delivery, Told | None]], now_utc: datetime
) -> None:
    """Write into the audit log what leaves, before it does: a program that breaks off may have read it."""
    left = Counter((one.tenant_id, one.session_id, "done") for one, told in fresh if told is not None)
    if left:
        audit.write_sent(db, destination_id, left, now_utc)


def _settle(db: Session, destination_id: UUID, place: int, now_utc: datetime) -> int:
    mine = (col(Delivery.destination_id) == destination_id, col(Delivery.place) <= place)
    done = db.exec(
        update(Delivery)
        .where(*mine, col(Delivery.state) == DeliveryState.WAITING)
        .values(state=DeliveryState.DELIVERED, settled_utc=now_utc, reason=None, told_sealed=None)
    )
    return done.rowcount
