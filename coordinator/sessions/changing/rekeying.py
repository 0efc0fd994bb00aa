"""Revokes a key of access tokens. Running sessions whose tokens it signed get the next key, also on their
nodes.

A node that cannot be reached is told later: its heartbeats say which key each session has (`telling.mend`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from sqlmodel import Session

from coordinator.sessions.changing import service as changing, telling
from coordinator.sessions.service import Found
from coordinator.tokens import key_service as token_keys
from coordinator.web_api.parts import Parts
from shared.tokens import Claims

TOLD_AT_ONCE: Final = 10
"""The most sessions whose nodes are told in parallel."""


async def revoke_key(parts: Parts, claims: Claims, kid: str, now_utc: datetime) -> None:
    """Make every token that a key has signed invalid, and tell the nodes. Raises `Rejected` (404)."""

    def work(db: Session) -> list[Found]:
        running = changing.running_of(db, claims.tenant_id, now_utc)
        before = changing.session_keys(db, parts.keys, running)
        token_keys.revoke(db, parts.keys, claims.tenant_id, kid, claims.subject, now_utc)
        after = changing.session_keys(db, parts.keys, running)
        return [one for one in running if before[one.session.id] != after[one.session.id]]

    touched = await parts.writing(work)
    await parts.verifier.refresh()
    online = {node.heartbeat.node_id for node in parts.fleet.online(parts.clock())}
    turns = asyncio.Semaphore(TOLD_AT_ONCE)

    async def tell(found: Found) -> None:
        async with turns:
            await telling.tell(parts, found.session)

    await asyncio.gather(*(tell(one) for one in touched if one.assignment.node_id in online))
