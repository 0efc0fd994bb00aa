"""Wraps again, under another master key, what the database has under a former one. Flushes, never commits.

There is no list of this work: what is left is read from the rows each time, because what is wrapped names its
master key. So it may be ended at any point and begun again, also by two programs at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, and_, bindparam, func, select, update
from sqlmodel import Session

from coordinator.audit.tables import AuditKey
from coordinator.destinations.tables import Delivery, DestinationSecret
from coordinator.ground.columns import Row
from coordinator.ground.database import insert_once
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.keys.tables import FormerMaster, Key
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tokens.tables import TokenKey
from shared.errors import Corrupt

BATCH: Final = 200
_LOOKED_AT: Final = 10
"""So many values: one may be damaged."""


@dataclass(frozen=True, slots=True)
class WrappedColumn:
    """A column that the master key wraps, and what its values are bound to."""

    table: type[Row]
    column: str
    bound_table: str = ""
    """The table's name in its places, if it is another."""
    bound_row: str = "id"
    """The column with the row's id in its places."""

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.table.__tablename__)

    def place(self, row_id: UUID) -> Place:
        """Where a value is sealed."""
        return Place(self.bound_table or self.name, self.column, row_id)


_AUDIT: Final = WrappedColumn(AuditKey, "wrapped", bound_table="keys")
WRAPPED: Final = (
    WrappedColumn(Key, "wrapped"),
    _AUDIT,
    WrappedColumn(TokenKey, "wrapped"),
    WrappedColumn(DestinationSecret, "wrapped"),
    WrappedColumn(Delivery, "told_sealed", bound_row="parcel_id"),
    WrappedColumn(LegalHold, "reason_sealed"),
    WrappedColumn(KeptAnswer, "answer_sealed"),
)
"""Everything in the database that the master key wraps itself."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some rows."""

    last: Any
    """The primary key of the last one; None: there were none."""
    rewrapped: int = 0
    unreadable: int = 0
    """Values that none of the master keys opens; they stay."""


def left(db: Session, keyring: Keyring, where: WrappedColumn) -> int:
    """How many values are not wrapped by the master key that wraps now."""
    table: Any = where.table.__table__  # type: ignore[attr-defined]
    wanted = select(func.count()).select_from(table).where(_stale(table.c[where.column], keyring))
    return int(db.connection().execute(wanted).scalar_one())


def rewrap(db: Session, keyring: Keyring, where: WrappedColumn, after: Any = None) -> Batch:
    """Wrap the next values again, by primary key from `after` on. A value that changes meanwhile stays as it
    then is: a key that was destroyed does not come back."""
    table: Any = where.table.__table__  # type: ignore[attr-defined]
    [primary], column = table.primary_key.columns, table.c[where.column]
    wanted = select(primary, table.c[where.bound_row], column).where(_stale(column, keyring))
    if after is not None:
        wanted = wanted.where(primary > after)
    rows = db.connection().execute(wanted.order_by(primary).limit(BATCH)).all()
    if not rows:
        return Batch(None)
    changes = [change for row in rows if (change := _change(keyring, where, tuple(row))) is not None]
    if changes:
        same = and_(primary == bindparam("at"), column == bindparam("was", type_=LargeBinary))
        db.connection().execute(update(table).where(same).values({column: bindparam("now")}), changes)
    return Batch(rows[-1][0], len(changes), len(rows) - len(changes))


def refuse(db: Session, key_ids: Sequence[bytes], now_utc: datetime) -> None:
    """Write down that these master keys were replaced."""
    for key_id in key_ids:
        insert_once(db, FormerMaster(key_id=key_id, tenant_id=INSTALLATION_ID, replaced_utc=now_utc))


def is_refused(db: Session, key_id: bytes) -> bool:
    """Whether a master key was replaced."""
    return db.get(FormerMaster, key_id) is not None


def is_of_others(db: Session, keyring: Keyring) -> bool:
    """Whether no master key that is held opens what the database has: it is another installation's, or this
    coordinator has made itself keys instead of being given those of the others."""
    table: Any = AuditKey.__table__  # type: ignore[attr-defined]
    wrapped = select(table.c.id, table.c.wrapped).where(table.c.wrapped.is_not(None))
    newest = db.connection().execute(wrapped.order_by(table.c.id.desc()).limit(_LOOKED_AT)).all()
    return bool(newest) and not any(_opens(keyring, _AUDIT.place(at), value) for at, value in newest)


def _stale(column: Any, keyring: Keyring) -> ColumnElement[bool]:
    begins = func.substr(column, 1, len(keyring.mark), type_=LargeBinary)
    return and_(column.is_not(None), begins != keyring.mark)


def _opens(keyring: Keyring, place: Place, wrapped: bytes) -> bool:
    try:
        keyring.unwrap(place, wrapped)
    except Corrupt:
        return False
    return True


def _change(keyring: Keyring, where: WrappedColumn, row: tuple[Any, UUID, bytes]) -> dict[str, Any] | None:
    at, bound_to, was = row
    place = where.place(bound_to)
    try:
        return {"at": at, "was": was, "now": keyring.wrap(place, keyring.unwrap(place, was))}
    except Corrupt:
        return None
