"""The secrets of destinations: what signs for webhooks, logins at Kafka clusters. Flushes, never commits.

A new secret does not replace the former one at once: for a while both sign, so that the receiver can change
over without losing a message. A third one ends the first.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.destinations.tables import Destination, DestinationSecret
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new secret, to be shown once, and until when the former one signs beside it."""

    text: str
    former_until_utc: datetime


def make(db: Session, keyring: Keyring, destination: Destination, now_utc: datetime) -> str:
    """Make a webhook's secret; returns its text, to be shown once."""
    text = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
    keep(db, keyring, destination, text, now_utc)
    return text


def keep(db: Session, keyring: Keyring, destination: Destination, text: str, now_utc: datetime) -> None:
    """Keep a destination's secret."""
    row_id = uuid7()
    db.add(
        DestinationSecret(
            id=row_id,
            tenant_id=destination.tenant_id,
            destination_id=destination.id,
            wrapped=keyring.wrap(_place(row_id), text.encode()),
            created_utc=now_utc,
        )
    )
    db.flush()


def rotate(
    db: Session, keyring: Keyring, destination: Destination, overlap: timedelta, now_utc: datetime
) -> Rotated:
    """Make a new secret; the present one signs on for a while, and those before it end."""
    for row in _rows(db, destination.id):
        if row.ends_utc is None:
            row.ends_utc = now_utc + overlap
            db.add(row)
        else:
            db.delete(row)
    db.flush()
    return Rotated(make(db, keyring, destination, now_utc), now_utc + overlap)


def signing(db: Session, keyring: Keyring, destination_id: UUID, now_utc: datetime) -> tuple[str, ...]:
    """The secrets that are good now, the newest first."""
    living = [row for row in _rows(db, destination_id) if row.ends_utc is None or row.ends_utc > now_utc]
    return tuple(keyring.unwrap(_place(row.id), row.wrapped).decode() for row in living)


def former_until(db: Session, destination_id: UUID, now_utc: datetime) -> datetime | None:
    """Until when a former secret signs as well; None: only one signs."""
    ends = [row.ends_utc for row in _rows(db, destination_id) if row.ends_utc is not None]
    return max((end for end in ends if end > now_utc), default=None)


def forget(db: Session, destination_id: UUID) -> None:
    """Delete a destination's secrets."""
    for row in _rows(db, destination_id):
        db.delete(row)
    db.flush()


def forget_ended(db: Session, now_utc: datetime) -> None:
    """Delete secrets that sign no more."""
    for row in db.exec(select(DestinationSecret).where(col(DestinationSecret.ends_utc) <= now_utc)):
        db.delete(row)
    db.flush()


def _rows(db: Session, destination_id: UUID) -> list[DestinationSecret]:
    wanted = (
        select(DestinationSecret)
        .where(DestinationSecret.destination_id == destination_id)
        .order_by(col(DestinationSecret.ends_utc).is_not(None), col(DestinationSecret.created_utc).desc())
    )
    return list(db.exec(wanted))


def _place(row_id: UUID) -> Place:
    return Place("destination_secrets", "wrapped", row_id)
