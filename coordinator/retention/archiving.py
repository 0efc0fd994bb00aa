"""Moves old entries of the audit log into archives, a day at a time, after a run of retention.

Each archive is written whole, read back and checked before the rows in the database go. It may stop at any
point: a file that is there already is written again with the same content, and rows that an archive has go in
the next run. What a legal hold keeps stays here, and with it everything behind it: the log is one chain.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlmodel import Session

from coordinator.audit import archiving_service as archiving, lines_service as lines, service as audit
from coordinator.audit.archiving_service import REMOVED_AT_ONCE, Cut
from coordinator.backups.lists import place_of
from coordinator.backups.target import Target
from coordinator.config import CoordinatorConfig
from coordinator.retention import held_service as held
from coordinator.web_api.parts import Parts
from shared.audit_check import AuditCheck
from shared.audit_file import first_line
from shared.errors import Corrupt, Rejected

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Archive:
    """Where archives are written, and what goes there now."""

    target: Target
    until_utc: datetime
    now_utc: datetime


def archive_of(config: CoordinatorConfig) -> Target:
    """Where a coordinator's archives are."""
    place = config.audit.archive or str(config.data_folder / "audit-archive")
    return place_of(place, config.audit.bucket)


async def archive_due(parts: Parts, now_utc: datetime) -> int:
    """Archive what is old enough; returns how many entries. Raises `Unavailable`, and, when all institutions
    had their turn, `Corrupt` if what would be archived of one does not continue its archives: then nothing of
    that is removed."""
    until_utc = now_utc - timedelta(days=parts.config.audit.keep_days)
    archive, total = _Archive(archive_of(parts.config), until_utc, now_utc), 0
    failed: list[Corrupt] = []
    for tenant_id in await parts.reading(archiving.tenants):
        try:
            total += await _archive(parts, archive, tenant_id)
        except Corrupt as error:
            failed.append(error)
        await _remove(parts, tenant_id, now_utc)
    if failed:
        raise failed[0]
    return total


async def _archive(parts: Parts, archive: _Archive, tenant_id: UUID) -> int:
    total = 0
    while (cut := await parts.reading(partial(_cut, archive, tenant_id))) is not None:
        try:
            await asyncio.to_thread(_write, parts, archive.target, cut)
        except Rejected:
            break  # another coordinator has archived it; its file stays
        if not await parts.writing(partial(_note, archive, cut)):
            break  # another coordinator, or a hold
        total += cut.number - cut.after
    return total


def _cut(archive: _Archive, tenant_id: UUID, db: Session) -> Cut | None:
    kept_from = held.first_held_entry(db, tenant_id, archive.now_utc)
    return archiving.next_cut(db, tenant_id, archive.until_utc, kept_from)


def _note(archive: _Archive, cut: Cut, db: Session) -> bool:
    kept_from = held.first_held_entry(db, cut.tenant_id, archive.now_utc)
    if (kept_from is not None and kept_from <= cut.number) or not archiving.note(db, cut):
        return False
    audit.write_own(db, cut.tenant_id, "archive_audit", cut.number - cut.after, archive.now_utc)
    return True


async def _remove(parts: Parts, tenant_id: UUID, now_utc: datetime) -> None:
    while await parts.writing(partial(archiving.remove_some, tenant_id=tenant_id)) == REMOVED_AT_ONCE:
        pass
    destroyed = partial(archiving.destroy_keys, tenant_id=tenant_id, now_utc=now_utc)
    if await parts.writing(destroyed):
        await asyncio.to_thread(parts.database.scrub)


def _write(parts: Parts, target: Target, cut: Cut) -> None:
    target.write(cut.name, _content(parts, cut))
    check = AuditCheck(parts.keys.signers)
    check.read(split(target.read(cut.name)))
    ends = (check.tenant_id, check.began_after, check.signed_to, check.chain)
    if check.faults or ends != (cut.tenant_id, cut.after, cut.number, cut.chain):
        told = check.faults[0] if check.faults else "it does not end where it should"
        raise Corrupt(f"the archive {cut.name} is not whole: {told}")
    extra = {"tenant_id": str(cut.tenant_id), "file": cut.name, "entries": check.entries}
    log.info("entries of the audit log are archived", extra=extra)


def _content(parts: Parts, cut: Cut) -> Iterator[bytes]:
    successions = parts.keys.signing_keys.current.successions
    first = first_line(cut.tenant_id, cut.after, cut.before, parts.keys.signing_text, successions)
    yield first.encode()
    after = cut.after
    while after < cut.number:
        with parts.database.read() as db:
            texts, after = lines.chunk(db, cut.tenant_id, after, cut.number)
        if not texts:
            return  # the check that follows says what is missing
        yield "".join(texts).encode()


def split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that is read piece by piece."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
