"""Reads the audit log for an export, also while its entries move into archives: what has left the database
since the export began is read from the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from uuid import UUID

from coordinator.audit import archiving_service as archiving, lines_service as lines
from coordinator.backups.target import Target
from coordinator.retention.archiving import archive_of, split
from coordinator.web_api.parts import Parts
from shared.canonical import parse_json
from shared.errors import Corrupt, Rejected


async def exported(parts: Parts, tenant_id: UUID, after: int) -> AsyncIterator[str]:
    """The lines after an entry. Raises `Unavailable`; `Corrupt` if an archive is missing."""
    while True:
        try:
            texts, last = await parts.reading(partial(lines.chunk, tenant_id=tenant_id, after=after))
        except Rejected:
            target = archive_of(parts.config)
            name, last = await asyncio.to_thread(_archive, target, tenant_id, after + 1)
            pieces = _later(target, name, after)
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        else:
            yield "".join(texts)
        if last == after:
            return
        after = last


def _archive(target: Target, tenant_id: UUID, number: int) -> tuple[str, int]:
    found = archiving.archive_with(target.sizes(), tenant_id, number)
    if found is None:
        raise Corrupt(f"the archive with entry {number} is missing")
    return found


def _later(target: Target, name: str, after: int) -> Iterator[str]:
    """The lines of an archive about later entries."""
    rest = split(target.read(name))
    next(rest, None)  # where the archive begins
    texts: list[str] = []
    for line in rest:
        value = parse_json(line)
        if value.get("checkpoint", value)["number"] > after:
            texts.append(line.decode() + "\n")
        if len(texts) == lines.CHUNK:
            yield "".join(texts)
            texts = []
    yield "".join(texts)
