"""The node's word every 5 s: how it is, what it serves, where its outbox stands; the reply brings marks."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from edge.hub import Hub
from edge.identity import Identity
from edge.publisher import Publisher
from shared import subjects
from shared.errors import Unavailable
from shared.messages import HEARTBEAT_INTERVAL_S, Heartbeat, SessionState
from shared.sealing import pack

log = logging.getLogger(__name__)

SESSIONS_AT_ONCE: Final = 20
"""Of a heartbeat's clear header, which is bounded; a node with more tells of them in turn."""
REPLY_TIMEOUT_S: Final = 4.0


def turn(sessions: tuple[SessionState, ...], beat: int) -> tuple[SessionState, ...]:
    """The sessions that beat number `beat` (from 0) tells of: each comes within a few beats."""
    if len(sessions) <= SESSIONS_AT_ONCE:
        return sessions
    first = beat * SESSIONS_AT_ONCE % len(sessions)
    return (sessions + sessions)[first : first + SESSIONS_AT_ONCE]


class Heart:
    """Beats while `run` runs; a missed beat is only counted, the next one says more."""

    def __init__(
        self, hub: Hub, publisher: Publisher, identity: Identity, write: Callable[[int], Awaitable[Heartbeat]]
    ) -> None:
        """`write` makes beat number n."""
        self._hub = hub
        self._publisher = publisher
        self._identity = identity
        self._write = write
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Beat until cancelled, at once whenever the hub comes back."""
        beat = 0
        while True:
            await self._hub.wait_connected()
            try:
                await self._beat(beat)
                self.counts["answered"] += 1
            except Unavailable as error:
                self.counts["unanswered"] += 1
                log.debug("a heartbeat was not answered", extra={"error": str(error)})
            beat += 1
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)

    async def _beat(self, beat: int) -> None:
        header = (await self._write(beat)).model_dump(mode="json")
        message = pack(header, b"", self._identity.signing)
        subject = subjects.heartbeat(self._identity.node_id)
        await self._publisher.marks(await self._hub.request(subject, message, timeout_s=REPLY_TIMEOUT_S))
