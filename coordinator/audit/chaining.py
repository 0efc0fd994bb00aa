"""Numbers new entries right after their commit, signs checkpoints, publishes them. Any number of replicas may
run it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from coordinator.audit import chaining_service as chaining
from coordinator.audit.owed import Owed
from coordinator.web_api.parts import Parts
from shared.audit_chain import BEGINNING
from shared.audit_file import first_line
from shared.errors import Unavailable

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0


async def run(parts: Parts, owed: Owed) -> None:
    """Run rounds until cancelled, and write what is owed."""
    while True:
        with suppress(Unavailable):  # the next round finds the same
            await asyncio.to_thread(owed.settle, parts)
            await round_of(parts, datetime.now(UTC))
            await publish(parts)
        await asyncio.sleep(PAUSE_S)


async def round_of(parts: Parts, now_utc: datetime) -> int:
    """Number everything that waits and sign what is due; returns how many entries were numbered."""
    total = 0
    for tenant_id in await parts.reading(chaining.waiting):
        count = chaining.BATCH
        while count == chaining.BATCH:
            count = await parts.writing(partial(chaining.chain_next, tenant_id=tenant_id))
            total += count
    for tenant_id in await parts.reading(lambda db: chaining.due(db, now_utc)):
        work = partial(chaining.sign_next, tenant_id=tenant_id, key=parts.keys.signing, now_utc=now_utc)
        made = await parts.writing(work)
        if made is not None:
            # The journal is another place than the database: a log that was cut off differs from it.
            extra = {"tenant_id": str(made.tenant_id), "number": made.number, "chain": made.chain.hex()}
            log.info("the audit log is signed up to here", extra=extra)
    return total


async def publish(parts: Parts) -> int:
    """Publish the checkpoints that the hub has not had yet, some of them; returns how many. Raises
    `Unavailable`; then the next round goes on."""
    if not parts.hub.connected:
        return 0
    waiting = await parts.reading(chaining.unpublished)
    for one, signed_by in waiting:
        tenant_id, number = one.checkpoint.tenant_id, one.checkpoint.number
        lines = first_line(tenant_id, 0, BEGINNING, signed_by) + one.line()
        await parts.checkpoint_stream.publish(tenant_id, number, lines.encode())
        done = partial(chaining.note_published, tenant_id=tenant_id, number=number, now_utc=datetime.now(UTC))
        await parts.writing(done)
    return len(waiting)
