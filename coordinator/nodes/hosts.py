"""Lets one host at a time be a node: a second one with the same identity is refused while the first answers.

A host is a run of the node's daemon, known by its `boot_id`. The one that is in the database is the node.
When another one speaks, the first is asked whether it is still there. Both hear what is asked, but only the
host that it is for answers. After a restart nobody does, so the new host is the node. What a run has said
before its end may arrive after its successor's first words, and is refused too; it is told as a second host
only if it speaks on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.queues import Queues
from coordinator.nodes import service as nodes
from coordinator.nodes.replies import read_reply
from coordinator.nodes.signers import Signers
from shared import subjects
from shared.errors import Corrupt, Rejected, Unavailable
from shared.hub_link import HubLink
from shared.messages.commands import CommandHeader
from shared.messages.heartbeats import Heartbeat, OtherHost
from shared.sealing import Signs, pack

log = logging.getLogger(__name__)

ANSWERS_WITHIN_S: Final = 1.5
"""Below the time that a node waits for the answer to its heartbeat."""
TOLD_FOR: Final = timedelta(minutes=1)
"""How long the first host is told of a second one after that spoke last."""


SPEAKS_ON_S: Final = 2.0
"""A host that lives speaks every few seconds; what was kept on the way from a dead one comes at once."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """The last host that was refused, and when it was heard first, in monotonic seconds."""

    boot_id: UUID
    heard_at: float


def speaks_on(known: Stranger | None, boot_id: UUID, now: float) -> bool:
    """Whether a refused host is alive: it has spoken for longer than a delayed message could."""
    return known is not None and known.boot_id == boot_id and now - known.heard_at >= SPEAKS_ON_S


class Hosts:
    """Decides which host is a node."""

    def __init__(self, hub: HubLink, database: Database, signers: Signers, signing: Signs) -> None:
        self._hub = hub
        self._database = database
        self._signers = signers
        self._signing = signing
        self._asking = Queues()
        self._strangers: dict[UUID, Stranger] = {}
        self.counts: Counter[str] = Counter()
        """Hosts that became a node, and heartbeats of those that were refused."""

    async def judge(self, heartbeat: Heartbeat, now_utc: datetime) -> OtherHost | None:
        """The answer to a host about another one; `refused`: this host is not the node. None: its program is
        too old for such an answer.

        Raises `Unavailable` while the database is away, or the hub went away while a host was asked.
        """
        if not heartbeat.answers_for_host:
            return None
        node_id, boot_id = heartbeat.node_id, heartbeat.boot_id
        async with self._asking.turn(node_id):
            known = await asyncio.to_thread(self._read, node_id)
            if known.boot_id == boot_id:
                other = known.other_host_utc
                return "seen" if other is not None and now_utc - other < TOLD_FOR else "none"
            if known.boot_id is not None and await self._is_there(node_id, known.boot_id):
                await self._refuse(heartbeat, now_utc)
                return "refused"
            if await asyncio.to_thread(self._take_over, node_id, known.boot_id, boot_id):
                self.counts["new-host"] += 1
                return "none"
            # Another coordinator, which heard the same heartbeat or that of another host, was faster.
            known = await asyncio.to_thread(self._read, node_id)
            return "none" if known.boot_id == boot_id else "refused"

    async def _refuse(self, heartbeat: Heartbeat, now_utc: datetime) -> None:
        self.counts["refused-host"] += 1
        node_id, boot_id, now = heartbeat.node_id, heartbeat.boot_id, time.monotonic()
        known = self._strangers.get(node_id)
        if not speaks_on(known, boot_id, now):
            if known is None or known.boot_id != boot_id:
                self._strangers[node_id] = Stranger(boot_id, now)
            return
        if await asyncio.to_thread(self._note_other, heartbeat.node_id, now_utc):
            log.error(
                "a second host has a node's identity and is refused; revoke the node unless you know why",
                extra={"node_id": heartbeat.node_id},
            )

    async def _is_there(self, node_id: UUID, boot_id: UUID) -> bool:
        header = CommandHeader(
            kind="here",
            command_id=uuid7(),
            node_id=node_id,
            issued_utc=datetime.now(UTC),
            boot_id=boot_id,
        )
        message = pack(header.model_dump(mode="json", exclude_none=True), b"", self._signing)
        subject = subjects.command(node_id, header.kind)
        try:
            reply = await self._hub.request(subject, message, timeout_s=ANSWERS_WITHIN_S)
            signer = self._signers.get(node_id)
            if signer is None:
                return False
            read_reply(reply, header, signer, None)
        except Unavailable:
            if not self._hub.connected:
                raise  # its silence says nothing of that host
            return False
        except (Corrupt, Rejected):
            return False
        return True

    def _read(self, node_id: UUID) -> nodes.KnownHost:
        with self._database.read() as db:
            return nodes.known_host(db, node_id)

    def _take_over(self, node_id: UUID, former: UUID | None, boot_id: UUID) -> bool:
        with self._database.write() as db:
            return nodes.take_over(db, node_id, former, boot_id)

    def _note_other(self, node_id: UUID, now_utc: datetime) -> bool:
        """Record that another host was refused; False if that was recorded lately."""
        with self._database.write() as db:
            return nodes.note_other_host(db, node_id, now_utc, TOLD_FOR)
