"""Numbers new entries right after their commit, and signs checkpoints. Any number of replicas may run it."""

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
from shared.errors import Unavailable

log = logging.getLogger(__name__)

PAUSE_S: Final = 1.0


async def run(parts: Parts, owed: Owed) -> None:
    """Run rounds until cancelled, and write what is owed."""
    while True:
        with suppress(Unavailable):  # the next round finds the same
            await asyncio.to_thread(owed.settle, parts)
            await round_of(parts, datetime.now(UTC))
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
