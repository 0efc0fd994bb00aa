"""Notes what is to be told to destinations, in the transaction of what happened. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from sqlmodel import Session, col, select, update

from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.destinations.wanted import Fact, leaves
from coordinator.ground.database import insert_new
from shared.api.destinations import DestinationFilter

UNDONE: Final = "undone"
_PARCELS: Final = UUID("9f2f2b0a-6d53-4f5e-8f0e-7c1f4b1f9a2d")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened in a session and may be told."""

    tenant_id: UUID
    session_id: UUID
    fact: Fact
    subject_id: UUID
    """The alert, or the act of the verdict."""
    revision: int = 0
    epoch: int = 0
    due_utc: datetime
    """Not told before."""


def parcel_id(news: News) -> UUID:
    """The id that is the same at every try, every replay and every replica."""
    return uuid5(_PARCELS, f"{news.fact.kind}|{news.subject_id}|{news.revision}|{news.epoch}")


def note(db: Session, news: Sequence[News], now_utc: datetime) -> int:
    """Note these for every destination that wants them, in this order; returns the number of deliveries.

    What is already noted stays as it is.
    """
    if not news:
        return 0
    homes = select(Destination).where(
        col(Destination.tenant_id).in_({one.tenant_id for one in news}),
        col(Destination.removed_utc).is_(None),
    )
    doors = [(row, DestinationFilter.model_validate(row.wanted)) for row in db.exec(homes)]
    rows = [
        _row(one, home.id, now_utc)
        for one in news
        for home, wanted in doors
        if home.tenant_id == one.tenant_id and leaves(wanted, one.fact)
    ]
    return len(insert_new(db, Delivery, rows))


def take_back(db: Session, subject_id: UUID, now_utc: datetime) -> None:
    """Drop what is noted about something that was undone before its time had come."""
    db.exec(
        update(Delivery)
        .where(
            col(Delivery.subject_id) == subject_id,
            col(Delivery.state) == DeliveryState.WAITING,
            col(Delivery.due_utc) > now_utc,
        )
        .values(state=DeliveryState.DROPPED, reason=UNDONE, settled_utc=now_utc)
    )


def _row(news: News, destination_id: UUID, now_utc: datetime) -> dict[str, object]:
    return {
        "destination_id": destination_id,
        "tenant_id": news.tenant_id,
        "parcel_id": parcel_id(news),
        "kind": news.fact.kind,
        "subject_id": news.subject_id,
        "session_id": news.session_id,
        "revision": news.revision,
        "epoch": news.epoch,
        "event_type": news.fact.event_type,
        "event_class": news.fact.event_class,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "reason": None,
        "noted_utc": now_utc,
        "due_utc": news.due_utc,
        "next_try_utc": news.due_utc,
        "settled_utc": None,
    }
