"""Receives alerts: fetches and stores them, and after the commit acknowledges them and sends the marks.

After a crash between commit and acknowledgement the messages are redelivered, and storing them again changes
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from coordinator.alerts.stored import Stored
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.portion import Portion
from coordinator.arriving.put_off import PutOff
from coordinator.arriving.traced import trace_stored
from coordinator.arriving.treated import Treated, Treatment
from coordinator.nodes.alert_stream import AlertStream, StreamMessage
from coordinator.nodes.heartbeats import sign_marks
from shared import subjects
from shared.errors import Unavailable
from shared.hub_link import HubLink
from shared.messages.heartbeats import LaneMark
from shared.sealing import Signs
from shared.seldom import Seldom

if TYPE_CHECKING:
    from shared.traces.exporting import Traces

log = logging.getLogger(__name__)

FETCH_WAIT_S: Final = 5.0
AWAY_PAUSE_S: Final = 2.0
"""The wait before the next try while the database is unavailable, and the redelivery delay meanwhile."""


class Ingest:
    """The loop from the stream to the database."""

    def __init__(
        self,
        hub: HubLink,
        stream: AlertStream,
        store: AlertStore,
        signing: Signs,
        on_stored: Callable[[Sequence[Stored]], None],
        traces: Traces | None = None,
    ) -> None:
        """`on_stored` is called on the event loop with the new alerts after their commit; it must not
        wait."""
        self._hub = hub
        self._stream = stream
        self._store = store
        self._signing = signing
        self._on_stored = on_stored
        self._traces = traces
        self._away = False
        self._waiting = PutOff()
        self._portion = Portion()
        self._complaints = Seldom()
        self.counts: Counter[str] = Counter()
        """Messages by treatment, or by `treatment:reason` if it has one; the same for their pictures."""

    async def run(self) -> None:
        """Receive alerts until cancelled."""
        while True:
            await self._hub.wait_connected()
            try:
                deliveries = await self._stream.fetch(self._portion.size, FETCH_WAIT_S)
            except Unavailable:
                await asyncio.sleep(AWAY_PAUSE_S / 4)
                continue
            if deliveries:
                await self.take(deliveries)

    async def take(self, deliveries: list[StreamMessage]) -> None:
        """Store one batch and settle each of its messages. How long it took decides the size of the next."""
        begun_s = time.time()
        try:
            taken = await asyncio.to_thread(self._store.take, deliveries, datetime.now(UTC))
        except Unavailable as error:
            await self._put_off(deliveries, error)
            return
        self._portion = self._portion.after(len(deliveries), taken.took_s)
        if self._away:
            self._away = False
            log.info("alerts are stored again")
        if self._traces is not None:
            trace_stored(self._traces, taken.treated, begun_s)
        for delivery, one in zip(deliveries, taken.treated, strict=True):
            await self._settle(delivery, one)
        await self._tell(taken.marks)
        new = [one.stored for one in taken.treated if one.stored is not None]
        if new:
            self._on_stored(new)

    async def _put_off(self, deliveries: list[StreamMessage], error: Unavailable) -> None:
        self.counts["away"] += len(deliveries)
        if not self._away:
            self._away = True
            log.error("alerts cannot be stored; they wait in the stream", extra={"error": str(error)})
        for delivery in deliveries:
            await delivery.put_off(AWAY_PAUSE_S)
        await asyncio.sleep(AWAY_PAUSE_S)

    async def _settle(self, delivery: StreamMessage, one: Treated) -> None:
        self.counts[one.treatment] += 1
        if one.reason:
            self.counts[f"{one.treatment}:{one.reason}"] += 1
        self.counts.update(one.pictures)
        match one.treatment:
            case Treatment.STORED | Treatment.REPEATED | Treatment.LOGGED | Treatment.LEFT_OUT:
                await delivery.ack()
            case Treatment.LATER:
                await self._come_again(delivery, one)
            case Treatment.REFUSED | Treatment.PARKED | Treatment.FORGED | Treatment.GIVEN_BACK:
                self._complain(one)
                await delivery.drop()

    async def _come_again(self, delivery: StreamMessage, one: Treated) -> None:
        assert one.header is not None  # only authentic messages are put off
        if self._waiting.admit(one.header.node_id, one.delay_s, time.monotonic()):
            await delivery.put_off(one.delay_s)
        else:
            self.counts["given-back"] += 1  # no mark covers it: its outbox sends it again
            await delivery.drop()

    def _complain(self, one: Treated) -> None:
        """Log one line per node and minute: a broken or hostile node must not fill the log."""
        # By the subject it was published under: the header may be wrong.
        node = one.post.subject.split(".")[1][:36]
        count = self._complaints.count(node, time.monotonic())
        if count:
            extra = {"node_id": node, "status": one.treatment, "reason": one.reason, "count": count}
            log.error("alert messages are not stored", extra=extra)

    async def _tell(self, marks: dict[UUID, list[LaneMark]]) -> None:
        for node_id, moved in marks.items():
            try:
                await self._hub.publish(subjects.mark(node_id), sign_marks(node_id, moved, self._signing))
            except Unavailable:
                self.counts["mark-unsent"] += 1  # the reply to the next heartbeat repeats it
