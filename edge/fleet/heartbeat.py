"""Sends the node's heartbeat: health, sessions and outbox state. The reply contains the marks.

It is sent every 5 s, answered or not, and within half a second after a page connects or is lost.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

from edge.node_identity import Identity
from edge.outbound.publisher import Publisher
from shared import subjects
from shared.card_delay import NEWS_EVERY_S
from shared.errors import Unavailable
from shared.hub_link import HubLink
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, Heartbeat
from shared.sealing import pack

log = logging.getLogger(__name__)

REPLY_TIMEOUT_S: Final = 4.0
"""Below the interval: a node that nobody answers still beats in time, so that two beats may be lost before it
counts as missing."""


class Heart:
    """Sends heartbeats while `run` runs. A failed one is only counted; the next one has newer values."""

    def __init__(
        self,
        hub: HubLink,
        publisher: Publisher,
        identity: Identity,
        write: Callable[[], Awaitable[Heartbeat]],
        news: Callable[[], Awaitable[Hashable]],
    ) -> None:
        """`write` makes one heartbeat. When the value of `news` changes, the next heartbeat is sent early."""
        self._hub = hub
        self._publisher = publisher
        self._identity = identity
        self._write = write
        self._news = news
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Send heartbeats until cancelled, and at once when the hub reconnects."""
        while True:
            await self._hub.wait_connected()
            told, due_at = await self._news(), time.monotonic() + HEARTBEAT_INTERVAL_S
            try:
                await self._beat()
                self.counts["answered"] += 1
            except Unavailable as error:
                self.counts["unanswered"] += 1
                log.debug("a heartbeat was not answered", extra={"error": str(error)})
            await self._until_due(told, due_at)

    async def _until_due(self, told: Hashable, due_at: float) -> None:
        while (left_s := due_at - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, NEWS_EVERY_S))
            if await self._news() != told:
                return

    async def _beat(self) -> None:
        header = (await self._write()).model_dump(mode="json")
        message = pack(header, b"", self._identity.signing)
        subject = subjects.heartbeat(self._identity.node_id)
        await self._publisher.marks(await self._hub.request(subject, message, timeout_s=REPLY_TIMEOUT_S))
