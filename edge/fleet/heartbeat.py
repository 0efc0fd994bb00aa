"""Sends the node's heartbeat every 5 s: health, sessions and outbox state. The reply contains the marks."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from edge.node_identity import Identity
from edge.outbound.publisher import Publisher
from shared import subjects
from shared.errors import Unavailable
from shared.hub_link import HubLink
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, Heartbeat
from shared.sealing import pack

log = logging.getLogger(__name__)

REPLY_TIMEOUT_S: Final = 4.0


class Heart:
    """Sends heartbeats while `run` runs. A failed one is only counted; the next one has newer values."""

    def __init__(
        self,
        hub: HubLink,
        publisher: Publisher,
        identity: Identity,
        write: Callable[[], Awaitable[Heartbeat]],
    ) -> None:
        """`write` makes one heartbeat."""
        self._hub = hub
        self._publisher = publisher
        self._identity = identity
        self._write = write
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Send heartbeats until cancelled, and at once when the hub reconnects."""
        while True:
            await self._hub.wait_connected()
            try:
                await self._beat()
                self.counts["answered"] += 1
            except Unavailable as error:
                self.counts["unanswered"] += 1
                log.debug("a heartbeat was not answered", extra={"error": str(error)})
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)

    async def _beat(self) -> None:
        header = (await self._write()).model_dump(mode="json")
        message = pack(header, b"", self._identity.signing)
        subject = subjects.heartbeat(self._identity.node_id)
        await self._publisher.marks(await self._hub.request(subject, message, timeout_s=REPLY_TIMEOUT_S))
