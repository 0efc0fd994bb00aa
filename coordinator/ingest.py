"""Takes alerts in: fetch, store, and only after the commit acknowledge and tell the nodes how far all is.

A crash between commit and acknowledgement brings the messages again, and storing them finds what is there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.alerts.intake import AlertStore, Outcome, Verdict
from coordinator.alerts.service import Stored
from coordinator.heartbeats import sign_marks
from coordinator.hub import Delivery, Hub
from shared import subjects
from shared.errors import Unavailable
from shared.messages import LaneMark

log = logging.getLogger(__name__)

BATCH: Final = 64
FETCH_WAIT_S: Final = 5.0
AWAY_PAUSE_S: Final = 2.0
"""Before the next try while the database is away, and the delay asked of the stream meanwhile."""


class Ingest:
    """The loop from the stream to the database."""

    def __init__(
        self,
        hub: Hub,
        store: AlertStore,
        signing: Ed25519PrivateKey,
        on_stored: Callable[[Sequence[Stored]], None],
    ) -> None:
        """`on_stored` is called on the loop with what is new, after its commit; it must not wait."""
        self._hub = hub
        self._store = store
        self._signing = signing
        self._on_stored = on_stored
        self._away = False
        self.counts: Counter[str] = Counter()
        """Messages by verdict, and by `verdict:reason` where it has one."""

    async def run(self) -> None:
        """Take alerts in until cancelled."""
        while True:
            await self._hub.wait_connected()
            try:
                deliveries = await self._hub.fetch(BATCH, FETCH_WAIT_S)
            except Unavailable:
                await asyncio.sleep(AWAY_PAUSE_S / 4)
                continue
            if deliveries:
                await self.take(deliveries)

    async def take(self, deliveries: list[Delivery]) -> None:
        """Store one batch and settle each of its messages."""
        try:
            taken = await asyncio.to_thread(self._store.take, deliveries, datetime.now(UTC))
        except Unavailable as error:
            await self._put_off(deliveries, error)
            return
        if self._away:
            self._away = False
            log.info("alerts are stored again")
        for outcome in taken.outcomes:
            await self._settle(outcome)
        await self._tell(taken.marks)
        new = [outcome.stored for outcome in taken.outcomes if outcome.stored is not None]
        if new:
            self._on_stored(new)

    async def _put_off(self, deliveries: list[Delivery], error: Unavailable) -> None:
        self.counts["away"] += len(deliveries)
        if not self._away:
            self._away = True
            log.error("alerts cannot be stored; they wait in the stream", extra={"error": str(error)})
        for delivery in deliveries:
            await delivery.put_off(AWAY_PAUSE_S)
        await asyncio.sleep(AWAY_PAUSE_S)

    async def _settle(self, outcome: Outcome) -> None:
        self.counts[outcome.verdict] += 1
        if outcome.reason:
            self.counts[f"{outcome.verdict}:{outcome.reason}"] += 1
        match outcome.verdict:
            case Verdict.STORED | Verdict.REPEATED:
                await outcome.delivery.ack()
            case Verdict.LATER:
                await outcome.delivery.put_off(outcome.delay_s)
            case Verdict.REFUSED | Verdict.FORGED:
                header = outcome.header
                extra: dict[str, object] = {"status": outcome.verdict, "reason": outcome.reason}
                extra |= {"node_id": str(header.node_id), "sequence": header.sequence} if header else {}
                log.error("an alert message is not stored", extra=extra)
                await outcome.delivery.drop()

    async def _tell(self, marks: dict[UUID, list[LaneMark]]) -> None:
        for node_id, moved in marks.items():
            try:
                await self._hub.publish(subjects.mark(node_id), sign_marks(node_id, moved, self._signing))
            except Unavailable:
                self.counts["mark-unsent"] += 1  # the next heartbeat's reply says it again
