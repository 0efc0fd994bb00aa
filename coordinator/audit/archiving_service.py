"""Which entries leave the log for an archive, and their removal afterwards. Flushes, never commits.

An archive ends at a checkpoint, so everything in it is signed; the log here goes on with the chain value
there. First the file is written and checked, then `note` moves the end of the archives in one transaction,
then the rows go, some at a time: what is left of them is read from the rows each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, delete, exists, func, select, update
from sqlmodel.sql.expression import SelectOfScalar

from coordinator.audit.tables import AuditCheckpoint, AuditEntry, AuditHead, AuditKey
from shared.audit_chain import BEGINNING

MOST_OF_AN_ARCHIVE: Final = 200_000
"""Entries; more of a day make several archives."""
REMOVED_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Cut:
    """What one archive has of an institution's log."""

    tenant_id: UUID
    after: int
    before: bytes
    """The chain value that it begins with."""
    number: int
    """Of its last entry."""
    chain: bytes
    """The chain value there."""

    @property
    def name(self) -> str:
        """The archive's file; names stand in the order of the log."""
        return f"{self.tenant_id}/{self.after + 1:012d}-{self.number:012d}.jsonl"


_NAME: Final = re.compile(r"(?P<tenant>[0-9a-f-]{36})/(?P<first>\d{12})-(?P<last>\d{12})\.jsonl")


def archive_with(names: Iterable[str], tenant_id: UUID, number: int) -> tuple[str, int] | None:
    """The archive that has this entry, of files with these names, and the number of its last entry."""
    for name in names:
        found = _NAME.fullmatch(name)
        if (
            found
            and found["tenant"] == str(tenant_id)
            and int(found["first"]) <= number <= int(found["last"])
        ):
            return name, int(found["last"])
    return None


def tenants(db: Session) -> Sequence[UUID]:
    """Institutions that have a log."""
    return db.exec(select(AuditHead.tenant_id).order_by(col(AuditHead.tenant_id))).all()


def next_cut(db: Session, tenant_id: UUID, until_utc: datetime, kept_from: int | None) -> Cut | None:
    """What the next archive has: the signed entries of the first day that no archive has, if that day was
    over by `until_utc` and the entry `kept_from` is not among them; None: nothing is to be archived.

    It depends on nothing else, so whoever was interrupted makes the same archive again.
    """
    head = db.get(AuditHead, tenant_id)
    if head is None:
        return None
    number = col(AuditCheckpoint.number)
    later = (col(AuditCheckpoint.tenant_id) == tenant_id, number > head.archived)
    first = db.exec(select(AuditCheckpoint).where(*later).order_by(number).limit(1)).one_or_none()
    if first is None or (end_utc := _end_of_day(first.at_utc)) > until_utc:
        return None
    bounds = (number <= head.archived + MOST_OF_AN_ARCHIVE, col(AuditCheckpoint.at_utc) < end_utc)
    bounded = select(AuditCheckpoint).where(*later, *bounds).order_by(number.desc()).limit(1)
    last = db.exec(bounded).one_or_none() or first
    if kept_from is not None and kept_from <= last.number:
        return None
    return Cut(tenant_id, head.archived, head.archived_chain or BEGINNING, last.number, last.chain)


def _end_of_day(at_utc: datetime) -> datetime:
    return at_utc.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def note(db: Session, cut: Cut) -> bool:
    """Let the archives end where this one does; False if another coordinator has moved the end meanwhile."""
    done = db.exec(
        update(AuditHead)
        .where(col(AuditHead.tenant_id) == cut.tenant_id, col(AuditHead.archived) == cut.after)
        .values(archived=cut.number, archived_chain=cut.chain)
    )
    return done.rowcount == 1


def remove_some(db: Session, tenant_id: UUID) -> int:
    """Remove the next rows that an archive has; returns the number of entries."""
    head = db.get(AuditHead, tenant_id)
    if head is None or not head.archived:
        return 0
    mine = (AuditEntry.tenant_id == tenant_id, col(AuditEntry.number) <= head.archived)
    some = select(AuditEntry.id).where(*mine).order_by(col(AuditEntry.number)).limit(REMOVED_AT_ONCE)
    gone = db.exec(delete(AuditEntry).where(col(AuditEntry.id).in_(some)))
    # The checkpoint at the end stays: without it the same entries would be signed again.
    db.exec(
        delete(AuditCheckpoint).where(
            col(AuditCheckpoint.tenant_id) == tenant_id, col(AuditCheckpoint.number) < head.archived
        )
    )
    return gone.rowcount


def destroy_keys(db: Session, tenant_id: UUID, now_utc: datetime) -> int:
    """Destroy the keys of former years under which no entry is sealed any more; returns their number. Names
    and addresses in the archives cannot be read from then on."""
    sealed = exists().where(col(AuditEntry.key_id) == col(AuditKey.id))
    done = db.exec(
        update(AuditKey)
        .where(
            col(AuditKey.tenant_id) == tenant_id,
            col(AuditKey.year) < now_utc.year,
            col(AuditKey.destroyed_utc).is_(None),
            ~sealed,
        )
        .values(wrapped=None, destroyed_utc=now_utc)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount


def first_about(
    db: Session, tenant_id: UUID, people: SelectOfScalar[UUID], sessions: SelectOfScalar[UUID]
) -> int | None:
    """The first entry here about one of these persons or sessions, which the statements select."""
    head = db.get(AuditHead, tenant_id)
    after = head.archived if head is not None else 0
    firsts = [
        db.exec(
            select(func.min(AuditEntry.number)).where(
                AuditEntry.tenant_id == tenant_id, column.in_(ids), col(AuditEntry.number) > after
            )
        ).one()
        for column, ids in ((col(AuditEntry.candidate_id), people), (col(AuditEntry.session_id), sessions))
    ]
    return min((one for one in firsts if one is not None), default=None)
