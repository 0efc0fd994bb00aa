"""Reads rows for a backup, and writes them back in a restore. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, delete, func, select, update

from coordinator.backups.generation import HoldRow, Notice
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.holds.tables import LegalHold
from coordinator.keys.tables import Key
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import Tenant

_OF_NOTICE: Final = frozenset(
    {"tenant_id", "kind", "subject_id", "session_id", "revision", "epoch", "noted_utc", "due_utc"}
)
"""What of a waiting notice is taken: nothing that changes with its tries."""


def revision(db: Session) -> str:
    """The revision of the database's tables."""
    return str(db.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def wrapped_after(db: Session, after: UUID | None, limit: int) -> Sequence[tuple[UUID, bytes]]:
    """The next living keys after this one, in the order of their ids."""
    wanted = select(Key.id, Key.wrapped).where(col(Key.wrapped).is_not(None)).order_by(col(Key.id))
    if after is not None:
        wanted = wanted.where(col(Key.id) > after)
    return [(key_id, wrapped) for key_id, wrapped in db.exec(wanted.limit(limit)) if wrapped is not None]


def holds(db: Session) -> list[HoldRow]:
    """The legal holds, released ones too."""
    rows = db.exec(select(LegalHold).order_by(col(LegalHold.id)))
    return [
        HoldRow(row.id, row.reason_sealed, row.model_dump(mode="json", exclude={"reason_sealed"}))
        for row in rows
    ]


def put_holds_back(db: Session, held: Sequence[HoldRow]) -> None:
    """Replace the legal holds by the newest known ones, which may be newer than the database's copy.
    One that is not among them was removed since, with its person."""
    db.exec(delete(LegalHold).where(col(LegalHold.id).not_in([one.hold_id for one in held])))
    institutions = {str(one) for one in db.exec(select(Tenant.id))}
    for one in held:
        if one.row is None:  # a backup of before
            db.exec(
                update(LegalHold).where(col(LegalHold.id) == one.hold_id).values(reason_sealed=one.sealed)
            )
        elif one.row.get("tenant_id") in institutions:  # else the institution came after the copy
            db.merge(LegalHold.model_validate({**one.row, "reason_sealed": one.sealed}))
    db.flush()


def notices(db: Session) -> list[Notice]:
    """The notices about persons that are not delivered yet, in their order."""
    wanted = select(Delivery).where(col(Delivery.told_sealed).is_not(None))
    return [
        Notice(
            row.destination_id,
            row.parcel_id,
            row.told_sealed,
            row.model_dump(mode="json", include=set(_OF_NOTICE)),
        )
        for row in db.exec(wanted.order_by(col(Delivery.sequence)))
        if row.told_sealed is not None
    ]


def put_notices_back(db: Session, names: Sequence[Notice]) -> None:
    """Let the notices wait that waited at last: those of a database's copy get their names back, and later
    ones are noted again, where the copy knows session and destination. Those that were delivered since stay
    without names."""
    for one in names:
        mine = (col(Delivery.destination_id) == one.destination_id, col(Delivery.parcel_id) == one.parcel_id)
        done = db.exec(update(Delivery).where(*mine).values(told_sealed=one.sealed))
        if not done.rowcount and one.row is not None:
            _note_again(db, one, one.row)


def _note_again(db: Session, one: Notice, row: Mapping[str, Any]) -> None:
    again = {"state": DeliveryState.WAITING, "attempts": 0, "next_try_utc": row["due_utc"]}
    place = {"destination_id": one.destination_id, "parcel_id": one.parcel_id}
    made = Delivery.model_validate({**row, **again, **place, "told_sealed": one.sealed})
    if db.get(Destination, one.destination_id) and db.get(ExamSession, made.session_id):
        db.add(made)
        db.flush()


def destroyed(db: Session) -> int:
    """How many keys were destroyed so far."""
    return db.exec(select(func.count()).where(col(Key.destroyed_utc).is_not(None))).one()


def put_back(db: Session, wrapped: Mapping[UUID, bytes]) -> None:
    """Restore the wrapped halves of keys, except of those that were destroyed."""
    mine = (col(Key.id) == bindparam("key_id"), col(Key.destroyed_utc).is_(None))
    statement = update(Key).where(*mine).values(wrapped=bindparam("half"))
    rows = [{"key_id": key_id, "half": half} for key_id, half in wrapped.items()]
    db.connection().execute(statement, rows)


def destroy_unknown(db: Session, now_utc: datetime) -> int:
    """Mark the keys that are not in the keyring as destroyed; returns their number."""
    lost = (col(Key.wrapped).is_(None), col(Key.destroyed_utc).is_(None))
    done = db.exec(update(Key).where(*lost).values(destroyed_utc=now_utc))
    return done.rowcount
