"""The steps of an erasure after its decision: at once, and again by themselves after a crash.

Each step can be repeated: rows are deleted, the write-ahead log is emptied, nodes end the person's sessions
and forget its templates with them, the journal's file is written, the keyring's backup is replaced by one
without the person's keys, the receipt is signed. A node that does not answer is told again as long as its
heartbeats name the session (`sessions.sweeping`).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.nodes import assignments_service as assignments
from coordinator.privacy import erasing_service as erasing, journal_file, journal_service as journal
from coordinator.privacy.tables import Erasure
from coordinator.sessions.ending import tell_node
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt, Unavailable

log = logging.getLogger(__name__)

INTERVAL_S: Final = 30.0


async def keep_journal(parts: Parts) -> None:
    """Keep this coordinator's own file of the journal complete, until cancelled: others erase too, and each
    machine has a file of its own."""
    while True:
        try:
            await asyncio.to_thread(write_journal, parts)
        except (ConfigError, OSError, Unavailable) as error:
            log.warning("the erasure journal is not complete yet", extra={"error": type(error).__name__})
        await asyncio.sleep(INTERVAL_S)


async def run(parts: Parts) -> None:
    """Go on with erasures that were interrupted, until cancelled."""
    while True:
        try:
            for erasure_id in await parts.reading(erasing.unfinished):
                await carry_on(parts, erasure_id)
        except (ConfigError, OSError, Unavailable) as error:
            log.warning("an erasure is not complete yet", extra={"error": type(error).__name__})
        await asyncio.sleep(INTERVAL_S)


async def carry_on(parts: Parts, erasure_id: UUID) -> Erasure:
    """Do every step of a decided erasure. Raises `Unavailable` and `OSError`; the next try goes on."""
    row = await parts.reading(lambda db: db.get_one(Erasure, erasure_id))
    if row.completed_utc is not None:
        return row
    for session_id in row.ended:
        parts.rooms.end(UUID(session_id))
    await parts.verifier.refresh()
    told = await _told(parts, row)
    await parts.writing(partial(erasing.remove, erasure_id=erasure_id))
    if not await asyncio.to_thread(parts.database.scrub):
        raise Unavailable("another connection still reads the old part of the database's log; try again")
    await asyncio.to_thread(write_journal, parts)
    if parts.keep_keyring is not None:
        await asyncio.to_thread(parts.keep_keyring)
    done = partial(
        erasing.finish, keys=parts.keys, erasure_id=erasure_id, nodes_told=told, now_utc=parts.utc_now()
    )
    return await parts.writing(done)


async def replay_journal(parts: Parts) -> None:
    """Before anything is served: erase again who is in the journal's file and not erased here. Raises
    `ConfigError` if the file cannot be believed."""
    path = parts.config.privacy.erasure_journal
    if path is None:
        return
    entries = await asyncio.to_thread(journal_file.read, path, parts.keys.signers)

    def work(db: Session) -> int:
        return erasing.replay(db, parts.keys.keyring, entries, datetime.now(UTC))

    try:
        count = await parts.writing(work)
    except Corrupt as error:
        raise ConfigError(f"{path}: {error}") from error
    if count:
        await asyncio.to_thread(parts.database.scrub)
        log.warning("a restored database erased again who was erased since", extra={"count": count})


async def _told(parts: Parts, row: Erasure) -> int:
    sessions = [UUID(one) for one in row.ended]
    held = await parts.reading(lambda db: assignments.held(db, sessions))
    nodes = [(found[-1].node_id, session_id) for session_id, found in held.items()]
    done = await asyncio.gather(
        *(tell_node(parts, node_id, session_id, submitted=False) for node_id, session_id in nodes)
    )
    return sum(done)


def write_journal(parts: Parts) -> None:
    """Append the missing entries to the journal's file, if there is one. Raises `ConfigError`, `OSError`."""
    path = parts.config.privacy.erasure_journal
    if path is None:
        return
    with parts.database.read() as db:
        journal_file.write(path, parts.keys.signers, partial(journal.entries, db))
