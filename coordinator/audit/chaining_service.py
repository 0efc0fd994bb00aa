"""Numbers committed entries, chains them, and signs checkpoints. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table, and_, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select, update

from coordinator.audit import lines_service as lines, service as audit
from coordinator.audit.tables import AuditCheckpoint, AuditEntry, AuditHead
from coordinator.ground.database import insert_once
from shared.audit_chain import BEGINNING, Checkpoint, leaf_of, linked, sign
from shared.audit_file import Signed
from shared.sealing import signing_public_text

BATCH: Final = 500
"""Entries of one institution that are numbered in one transaction."""
PUBLISHED_AT_ONCE: Final = 100
CHECKPOINT_EVERY: Final = timedelta(minutes=5)
_ENTRIES: Final[Table] = AuditEntry.__table__  # type: ignore[attr-defined]
_UNNUMBERED: Final = select(AuditEntry.tenant_id).where(col(AuditEntry.number).is_(None)).distinct()
_NUMBERED: Final = (
    _ENTRIES.update()
    .where(_ENTRIES.c.id == bindparam("entry_id"))
    .values(number=bindparam("number"), leaf=bindparam("leaf"), chain=bindparam("chain"))
)
"""Rows are read and written as values: objects of each entry would cost more than hashing it."""


def _ends() -> Any:
    earlier = aliased(AuditCheckpoint)
    latest = (
        select(func.max(earlier.number))
        .where(col(earlier.tenant_id) == col(AuditHead.tenant_id))
        .correlate(AuditHead)
        .scalar_subquery()
    )
    return select(AuditHead.number, AuditHead.tenant_id, AuditCheckpoint).outerjoin(
        AuditCheckpoint,
        and_(
            col(AuditCheckpoint.tenant_id) == col(AuditHead.tenant_id), col(AuditCheckpoint.number) == latest
        ),
    )


_ENDS: Final = _ends()
"""Each chain's last number, its institution and its latest checkpoint."""


def waiting(db: Session) -> Sequence[UUID]:
    """Institutions with entries that have no number yet."""
    return db.exec(_UNNUMBERED).all()


def chain_next(db: Session, tenant_id: UUID) -> int:
    """Number an institution's next entries, oldest first; returns how many."""
    head = _locked_head(db, tenant_id)
    c = _ENTRIES.c
    wanted = _ENTRIES.select().where(c.tenant_id == tenant_id, c.number.is_(None))
    rows = db.connection().execute(wanted.order_by(c.at_utc, c.id).limit(BATCH)).all()
    numbered = []
    for row in rows:
        head.number += 1
        leaf = leaf_of(lines.content(row))
        head.chain = linked(head.chain, leaf)
        numbered.append({"entry_id": row.id, "number": head.number, "leaf": leaf, "chain": head.chain})
    if numbered:
        db.connection().execute(_NUMBERED, numbered)
    db.add(head)
    db.flush()
    return len(rows)


def due(db: Session, now_utc: datetime) -> Sequence[UUID]:
    """Institutions whose chain goes on after a checkpoint of `CHECKPOINT_EVERY` ago or more."""
    found = db.exec(_ENDS)
    return [tenant_id for number, tenant_id, signed in found if _is_due(number, signed, now_utc)]


def sign_next(db: Session, tenant_id: UUID, key: Ed25519PrivateKey, now_utc: datetime) -> Checkpoint | None:
    """Sign an institution's chain as it is now; None if another replica just did."""
    head = _locked_head(db, tenant_id)
    if not _is_due(head.number, _latest(db, tenant_id), now_utc):
        return None
    at_utc = audit.whole_ms(now_utc)
    made = Checkpoint(tenant_id, head.number, head.chain, at_utc)
    db.add(
        AuditCheckpoint(
            tenant_id=tenant_id,
            number=made.number,
            chain=made.chain,
            at_utc=at_utc,
            signed_by=signing_public_text(key.public_key()),
            signature=sign(made, key),
        )
    )
    db.flush()
    return made


def unpublished(db: Session) -> list[tuple[Signed, str]]:
    """The oldest checkpoints that the hub has not had, each with the key that signed it."""
    wanted = select(AuditCheckpoint).where(col(AuditCheckpoint.published_utc).is_(None))
    rows = db.exec(wanted.order_by(col(AuditCheckpoint.at_utc)).limit(PUBLISHED_AT_ONCE))
    return [(lines.signed_of(row), row.signed_by) for row in rows]


def note_published(db: Session, tenant_id: UUID, number: int, now_utc: datetime) -> None:
    """Note that the hub has a checkpoint."""
    mine = (col(AuditCheckpoint.tenant_id) == tenant_id, col(AuditCheckpoint.number) == number)
    db.exec(update(AuditCheckpoint).where(*mine).values(published_utc=now_utc))


def _is_due(number: int, latest: AuditCheckpoint | None, now_utc: datetime) -> bool:
    if latest is None:
        return number > 0
    return number > latest.number and now_utc - latest.at_utc >= CHECKPOINT_EVERY


def _latest(db: Session, tenant_id: UUID) -> AuditCheckpoint | None:
    wanted = select(AuditCheckpoint).where(AuditCheckpoint.tenant_id == tenant_id)
    return db.exec(wanted.order_by(col(AuditCheckpoint.number).desc()).limit(1)).one_or_none()


def _locked_head(db: Session, tenant_id: UUID) -> AuditHead:
    wanted = select(AuditHead).where(AuditHead.tenant_id == tenant_id).with_for_update()
    found = db.exec(wanted).one_or_none()
    if found is None:
        insert_once(db, AuditHead(tenant_id=tenant_id, number=0, chain=BEGINNING))
        found = db.exec(wanted).one()
    return found
