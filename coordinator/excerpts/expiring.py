"""Destroys the transcript keys of sessions that expired without an end."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from coordinator.excerpts import service as excerpts
from coordinator.keys import service as keys
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable

log = logging.getLogger(__name__)

INTERVAL_S: Final = 30.0
"""The pause between rounds. After a session's expiry nothing is opened, even if its key still exists."""


async def run(parts: Parts) -> None:
    """Run rounds until cancelled, and scrub destroyed keys from the database's files if that was not done at
    once."""
    while True:
        await asyncio.to_thread(parts.database.scrub_owed)
        await asyncio.sleep(INTERVAL_S)
        try:
            await round_of(parts, datetime.now(UTC))
        except Unavailable:
            continue  # the database is unavailable; the next round finds the same


async def round_of(parts: Parts, now_utc: datetime) -> int:
    """One round; returns the number of destroyed keys."""
    owners = await parts.reading(lambda db: excerpts.expired(db, now_utc))
    if not owners:
        return 0

    def work(db: Session) -> int:
        return sum(keys.destroy(db, owner, now_utc) for owner in owners)

    destroyed = await parts.writing(work)
    await asyncio.to_thread(parts.database.scrub)
    log.info("transcript keys of expired sessions are destroyed", extra={"count": destroyed})
    return destroyed
