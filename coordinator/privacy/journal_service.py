"""The journal of erasures as rows. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.privacy.tables import ErasedSession, Erasure
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import Tenant
from shared.erasures import BEGINNING, ErasureEntry, JournalEntry


def lock_end(db: Session) -> tuple[int, bytes]:
    """The last number and chain value; whoever adds the next one waits until the commit."""
    # The installation's own row is the lock of who numbers erasures.
    db.exec(select(Tenant.id).where(Tenant.id == INSTALLATION_ID).with_for_update()).one()
    wanted = select(Erasure.number, Erasure.chain).order_by(col(Erasure.number).desc()).limit(1)
    found = db.exec(wanted).one_or_none()
    return found if found is not None else (0, BEGINNING)


def store(db: Session, one: JournalEntry) -> Erasure:
    """Store an entry with its sessions."""
    about = one.entry
    row = Erasure(
        id=about.erasure_id,
        number=about.number,
        tenant_id=about.tenant_id,
        candidate_id=about.candidate_id,
        decided_utc=about.decided_utc,
        decided_by=about.decided_by,
        cause=about.cause,
        chain=one.chain,
        signature=one.signature,
    )
    db.add(row)
    db.flush()
    for session_id in about.session_ids:
        db.add(ErasedSession(session_id=session_id, tenant_id=about.tenant_id, erasure_id=row.id))
    db.flush()
    return row


def entries(db: Session, after: int) -> list[JournalEntry]:
    """The entries after a number, in order."""
    rows = db.exec(select(Erasure).where(col(Erasure.number) > after).order_by(col(Erasure.number))).all()
    return [JournalEntry(_entry(row, sessions_of(db, row.id)), row.chain, row.signature) for row in rows]


def chain_at(db: Session, number: int) -> bytes | None:
    """The chain value at an entry; None if it is not here."""
    return db.exec(select(Erasure.chain).where(Erasure.number == number)).one_or_none()


def sessions_of(db: Session, erasure_id: UUID) -> Sequence[UUID]:
    """The sessions that went with an erasure."""
    wanted = select(ErasedSession.session_id).where(ErasedSession.erasure_id == erasure_id)
    return db.exec(wanted.order_by(col(ErasedSession.session_id))).all()


def _entry(row: Erasure, session_ids: Sequence[UUID]) -> ErasureEntry:
    return ErasureEntry(
        number=row.number,
        erasure_id=row.id,
        tenant_id=row.tenant_id,
        candidate_id=row.candidate_id,
        session_ids=tuple(session_ids),
        decided_utc=row.decided_utc,
        decided_by=row.decided_by,
        cause=row.cause,
    )
