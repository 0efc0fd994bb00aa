"""The log as lines of a file, for an export and for an archive. Reads only."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlmodel import Session, col, select

from coordinator.audit.tables import AuditCheckpoint, AuditEntry, AuditHead
from shared.audit_chain import BEGINNING, Checkpoint
from shared.audit_file import Link, Signed
from shared.errors import Rejected

CHUNK: Final = 1_000
"""Entries read in one transaction."""


def content(row: AuditEntry | Row[Any]) -> dict[str, Any]:
    """What of an entry is hashed, and exported."""
    sent = {"destination": str(row.destination_id)} if row.destination_id is not None else {}
    return {
        "id": str(row.id),
        "tenant": str(row.tenant_id),
        "at_ms": round(row.at_utc.timestamp() * 1000),
        "request": str(row.request_id),
        "act": row.act,
        "role": row.role,
        "actor": row.actor_sealed.hex() if row.actor_sealed is not None else None,
        "key": _text(row.key_id),
        "node": _text(row.node_id),
        "candidate": _text(row.candidate_id),
        "session": _text(row.session_id),
        "outcome": row.outcome,
        "amount": row.amount,
        **sent,
    }


def start(db: Session, tenant_id: UUID, after: int) -> tuple[int, bytes]:
    """After which entry a file begins that is wanted after this one, and the chain value there.

    From the beginning is from where the last archive ends. Raises `Rejected`: 404 `audit-entry-unknown`,
    410 `audit-archived` for what only an archive has.
    """
    head = db.get(AuditHead, tenant_id)
    archived = head.archived if head is not None else 0
    if after in (0, archived):
        chain = head.archived_chain if head is not None else None
        return archived, chain or BEGINNING
    if after < archived:
        raise _in_an_archive(archived)
    wanted = select(AuditEntry.chain).where(AuditEntry.tenant_id == tenant_id, AuditEntry.number == after)
    chain = db.exec(wanted).one_or_none()
    if chain is None:
        raise Rejected("there is no entry with this number", code="audit-entry-unknown", status=404)
    return after, chain


def chunk(db: Session, tenant_id: UUID, after: int, up_to: int | None = None) -> tuple[list[str], int]:
    """The next lines, with the checkpoints among them, and the number of the last entry; none if there are no
    more. `up_to`: the last entry that is wanted.

    Raises `Rejected` (410 `audit-archived`) if the next entry has left for an archive meanwhile.
    """
    wanted = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id, col(AuditEntry.number) > after)
    if up_to is not None:
        wanted = wanted.where(col(AuditEntry.number) <= up_to)
    rows = db.exec(wanted.order_by(col(AuditEntry.number)).limit(CHUNK)).all()
    if not rows or rows[0].number != after + 1:
        _refuse_archived(db, tenant_id, after)
    if not rows:
        return [], after
    last = rows[-1].number or after
    signed = _checkpoints(db, tenant_id, after, last)
    texts = []
    for row in rows:
        assert row.number is not None
        assert row.leaf is not None
        assert row.chain is not None
        texts.append(Link(row.number, content(row), row.leaf, row.chain).line())
        if (one := signed.get(row.number)) is not None:
            texts.append(signed_of(one).line())
    return texts, last


def _refuse_archived(db: Session, tenant_id: UUID, after: int) -> None:
    archived = db.exec(select(AuditHead.archived).where(AuditHead.tenant_id == tenant_id)).one_or_none() or 0
    if archived > after:  # noted before the first of its rows is removed
        raise _in_an_archive(archived)


def _in_an_archive(archived: int) -> Rejected:
    return Rejected(
        f"the entries up to {archived} are in an archive; begin after {archived}",
        code="audit-archived",
        status=410,
    )


def signed_of(row: AuditCheckpoint) -> Signed:
    """A checkpoint's row as a value."""
    return Signed(Checkpoint(row.tenant_id, row.number, row.chain, row.at_utc), row.signature)


def _checkpoints(db: Session, tenant_id: UUID, after: int, up_to: int) -> dict[int, AuditCheckpoint]:
    wanted = select(AuditCheckpoint).where(
        AuditCheckpoint.tenant_id == tenant_id,
        col(AuditCheckpoint.number) > after,
        col(AuditCheckpoint.number) <= up_to,
    )
    return {row.number: row for row in db.exec(wanted)}


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
