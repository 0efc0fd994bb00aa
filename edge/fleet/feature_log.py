"""Sends logged features to the hub: sealed, a minute's at a time, and only what a key was given for.

They wait in memory, and only a bounded number: what cannot be sent is lost, and the export names the gap. An
alert never waits for them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from edge.fleet.assignments import Assignments
from edge.hub import store
from edge.media.latest import Latest
from edge.node_identity import Identity
from edge.sessions.port import MeasuredWindows
from shared import subjects
from shared.errors import Corrupt, Unavailable
from shared.events.types import Lane
from shared.features import FeaturesBody as Body, FeaturesHeader, batch_id, encode_features
from shared.hub_link import HubLink
from shared.messages.sessions import StartSession
from shared.sealing import pack, parse_sealing_public
from shared.seldom import Seldom

log = logging.getLogger(__name__)

QUEUE: Final = 1_000
"""Minutes that may wait, of all sessions together."""
ACKNOWLEDGED_WITHIN_S: Final = 4.0
RETRY_S: Final = 2.0
TRIES: Final = 5


class LoggedFeatures:
    """Sends while `run` runs."""

    def __init__(self, hub: HubLink, identity: Identity, assignments: Assignments) -> None:
        self._hub = hub
        self._identity = identity
        self._assignments = assignments
        self._queue: Latest[tuple[StartSession, MeasuredWindows]] = Latest(QUEUE)
        self._complaints = Seldom()
        self.counts: Counter[str] = Counter()
        """Messages sent, and messages lost, by reason."""

    def take(self, seen: MeasuredWindows) -> None:
        """Queue a minute of a session."""
        order = self._assignments.order_of(seen.assignment)
        if order is not None:
            self._queue.put((order, seen))

    async def run(self) -> None:
        """Send until cancelled."""
        while (queued := await self._queue.get()) is not None:
            await self._send(*queued)

    async def _send(self, order: StartSession, seen: MeasuredWindows) -> None:
        for _ in range(TRIES):
            await self._hub.wait_connected()
            # Looked up at each try: the candidate may have withdrawn meanwhile.
            order = self._assignments.order_of(seen.assignment) or order
            if order.features_key is None:
                self.counts["not-agreed"] += 1
                return
            try:
                message = await asyncio.to_thread(sealed, order, seen, datetime.now(UTC), self._identity)
                await self._store(seen, message)
            except Unavailable as error:
                self._complain(error)
                await asyncio.sleep(RETRY_S)
                continue
            except Corrupt as error:
                self._complain(error)
                break
            self.counts["sent"] += 1
            return
        self.counts["lost"] += 1

    async def _store(self, seen: MeasuredWindows, message: bytes) -> None:
        subject = subjects.alert(self._identity.node_id, Lane.TECHNICAL)
        named = batch_id(seen.assignment.session_id, seen.assignment.epoch, seen.vectors[0].window)
        await store(
            self._hub, subject, message, message_id=f"features {named}", timeout_s=ACKNOWLEDGED_WITHIN_S
        )

    def _complain(self, error: Exception) -> None:
        if count := self._complaints.count("features", time.monotonic()):
            log.warning("logged features do not reach the hub", extra={"error": str(error), "count": count})


def sealed(order: StartSession, seen: MeasuredWindows, now_utc: datetime, node: Identity) -> bytes:
    """The message of a minute. Raises `Corrupt` for an invalid key."""
    assert order.features_key is not None  # looked at before
    assert order.features_key_id is not None
    header = FeaturesHeader(
        batch_id=batch_id(order.session_id, order.epoch, seen.vectors[0].window),
        session_id=order.session_id,
        tenant_id=order.tenant_id,
        node_id=node.node_id,
        epoch=order.epoch,
        key_id=order.features_key_id,
        created_utc=now_utc,
    )
    body = encode_features(Body(zero_utc=seen.zero_utc, vectors=seen.vectors))
    return pack(
        header.model_dump(mode="json"), body, node.signing, seal_to=parse_sealing_public(order.features_key)
    )
