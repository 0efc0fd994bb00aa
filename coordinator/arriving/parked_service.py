"""Parks messages that could not be judged, and reads them again. Flushes, never commits.

The room is limited for each node: a message that does not fit is left to its node's outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, delete, func, select, tuple_

from coordinator.arriving.tables import ParkedMessage
from coordinator.arriving.treated import LATER_DELAYS_S, Post
from coordinator.ground.database import insert_once
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import AlertHeader
from shared.events.types import Lane

MAX_BYTES: Final = 64 * 1_048_576
"""The most that is parked of one node."""

Place = tuple[UUID, UUID, Lane, int]
"""Node, outbox, lane and sequence of a message."""
_PLACE: Final = (
    col(ParkedMessage.node_id),
    col(ParkedMessage.outbox_id),
    col(ParkedMessage.lane),
    col(ParkedMessage.sequence),
)


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked message that is judged again (`Post`)."""

    place: Place
    subject: str
    data: bytes
    delivered: int = len(LATER_DELAYS_S) + 1


@dataclass(frozen=True, slots=True)
class Heap:
    """The parked messages of one node and reason."""

    node_id: UUID
    reason: str
    count: int
    oldest_utc: datetime


def park(db: Session, post: Post, header: AlertHeader, reason: str, now_utc: datetime) -> bool:
    """Keep a message; False if there is no room for another one of its node. One that is already kept
    stays."""
    held = select(func.coalesce(func.sum(ParkedMessage.size_bytes), 0)).where(
        ParkedMessage.node_id == header.node_id
    )
    place = (header.node_id, header.outbox_id, header.lane, header.sequence)
    if db.get(ParkedMessage, place) is not None:
        return True
    if db.exec(held).one() + len(post.data) > MAX_BYTES:
        return False
    insert_once(
        db,
        ParkedMessage(
            node_id=header.node_id,
            outbox_id=header.outbox_id,
            lane=header.lane,
            sequence=header.sequence,
            tenant_id=DEFAULT_TENANT_ID,
            reason=reason,
            subject=post.subject,
            message=post.data,
            size_bytes=len(post.data),
            parked_utc=now_utc,
        ),
    )
    return True


def heaps(db: Session) -> list[Heap]:
    """How many messages are parked, by node and reason."""
    wanted = (
        select(ParkedMessage.node_id, ParkedMessage.reason, func.count(), func.min(ParkedMessage.parked_utc))
        .group_by(col(ParkedMessage.node_id), col(ParkedMessage.reason))
        .order_by(col(ParkedMessage.node_id), col(ParkedMessage.reason))
    )
    return [Heap(*row) for row in db.exec(wanted)]


def notes(db: Session) -> list[str]:
    """One sentence for each node and reason, for an operator."""
    return [
        f"{heap.count} alert messages of node {heap.node_id} are parked: {heap.reason}" for heap in heaps(db)
    ]


def following(db: Session, after: Place | None, limit: int) -> list[Parked]:
    """The next parked messages in the order of their places."""
    wanted = select(ParkedMessage).order_by(*_PLACE).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(*_PLACE) > after)
    return [
        Parked((row.node_id, row.outbox_id, row.lane, row.sequence), row.subject, row.message)
        for row in db.exec(wanted)
    ]


def still_parked(db: Session, places: Sequence[Place]) -> list[Place]:
    """Those of these places whose messages are still parked, in the order of places."""
    wanted = select(*_PLACE).where(tuple_(*_PLACE).in_(places)).order_by(*_PLACE)
    return [(node_id, outbox_id, lane, sequence) for node_id, outbox_id, lane, sequence in db.exec(wanted)]


def remove(db: Session, place: Place) -> None:
    """Forget a message that was judged."""
    db.exec(delete(ParkedMessage).where(tuple_(*_PLACE) == place))
