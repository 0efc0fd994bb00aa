"""Sends alerts from the outbox to the hub, and applies the coordinator's marks to the outbox.

It is also the only way to add an alert: after `add` has returned, the alert is on disk. One batch is in
flight at a time; `edge.outbound.schedule` decides its content.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from edge.coordinator_keys import CoordinatorKeys
from edge.hub import store
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.outbox import Waiting
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.schedule import LaneSchedule
from edge.outbound.skew import ClockSkew
from shared import subjects
from shared.errors import Corrupt, Unavailable
from shared.events.types import Lane
from shared.hub_link import HubLink
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, LaneMark, Marks, OtherHost
from shared.messages.message import parse
from shared.sealing import unpack
from shared.seldom import Seldom

log = logging.getLogger(__name__)

WINDOW: Final = 16
"""Alerts of one lane in flight at once. Each lane has its own limit, so neither waits for the other's
backlog."""
ACKNOWLEDGE_TIMEOUT_S: Final = 5.0
REDISCOVER_S: Final = 1.0
SETTLE_POLL_S: Final = 0.05
HEARS_WITHIN_S: Final = 2 * HEARTBEAT_INTERVAL_S


def by_chance(longest_s: float) -> float:
    """A random value up to a bound, uniformly distributed."""
    return random.uniform(0.0, longest_s)


Dispatched = Callable[[Waiting, float], None]
"""Called with an alert of this run and the seconds it took from the disk to the hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The publisher's delays."""

    backlog_jitter_s: float
    """The longest a backlog waits after an outage; never longer than the outage itself."""
    resend_after_s: float
    """How long a mark may stay below an acknowledged alert."""
    spread: Callable[[float], float] = by_chance
    """Chooses the wait below a bound: at random, so that the nodes of a fleet do not send at once."""


class Publisher:
    """Sends while `run` is running. Create it with `Publisher.over`."""

    def __init__(
        self,
        outbox: OutboxThread,
        hub: HubLink,
        *,
        node_id: UUID,
        coordinator_keys: CoordinatorKeys,
        pace: Pace,
        lanes: dict[Lane, LaneSchedule],
        dispatched: Dispatched,
    ) -> None:
        self._outbox = outbox
        self._hub = hub
        self._node_id = node_id
        self._coordinator_keys = coordinator_keys
        self._pace = pace
        self._lanes = lanes
        self._dispatched = dispatched
        self._wake = asyncio.Event()
        self._seen_connection: float | None = None
        self._failing = False
        self._complaints = Seldom()
        self.outbox_works = True
        """Whether the last alert was written to disk."""
        self.skew = ClockSkew()
        """The difference to the coordinator's clock, from its marks."""
        self.other_host: OtherHost = "none"
        """Whether another host has the node's identity, as the coordinator said last."""
        self._heard_at: float | None = None
        self._boot = secrets.token_hex(4)
        self.counts: Counter[str] = Counter()
        """Alerts sent, sent again and failed; marks applied and refused."""

    @classmethod
    async def over(
        cls,
        outbox: OutboxThread,
        hub: HubLink,
        *,
        node_id: UUID,
        coordinator_keys: CoordinatorKeys,
        pace: Pace,
        dispatched: Dispatched,
    ) -> Publisher:
        """A publisher that also sends what an earlier run left in the outbox."""
        lanes = {
            lane: LaneSchedule(await outbox.sequences(lane), resend_after_s=pace.resend_after_s)
            for lane in Lane
        }
        return cls(
            outbox,
            hub,
            node_id=node_id,
            coordinator_keys=coordinator_keys,
            pace=pace,
            lanes=lanes,
            dispatched=dispatched,
        )

    def hears(self) -> bool:
        """Whether the coordinator has spoken to this node lately, and takes it for the node."""
        return self._heard_at is not None and self._now() - self._heard_at < HEARS_WITHIN_S

    async def add(self, outgoing: OutgoingAlert) -> int:
        """Commit one alert and send it when its turn comes; returns its sequence.

        Raises `Unavailable` if the write fails, `Corrupt` for an alert that cannot be sealed.
        """
        try:
            sequence = await self._outbox.add(outgoing)
        except Unavailable:
            self.outbox_works = False
            raise
        self.outbox_works = True
        self._lanes[outgoing.lane].added(sequence, self._now())
        self._wake.set()
        return sequence

    async def marks(self, message: bytes) -> None:
        """Apply the coordinator's marks. Marks that it did not sign or that are for another outbox are only
        counted."""
        try:
            parcel = unpack(message)
            self._coordinator_keys.verify(parcel)
            marks = parse(Marks, parcel.header)
            if marks.node_id != self._node_id:
                raise Corrupt("the marks are another node's")
            if marks.sent_utc is not None:
                self.skew.note(marks.sent_utc, datetime.now(UTC))
            self._note_other_host(marks.other_host)
            if self.other_host == "refused":
                return  # they are about the outbox of the other host
            self._heard_at = self._now()
            for mark in marks.marks:
                await self._cover(mark)
        except Corrupt as error:
            self.counts["marks-refused"] += 1
            self._complain("marks are refused", error)
        except Unavailable as error:
            self.counts["marks-not-kept"] += 1  # the reply to the next heartbeat repeats them
            self._complain("marks cannot be obeyed", error)

    def _note_other_host(self, said: OtherHost | None) -> None:
        if said is None or said == self.other_host:
            return
        self.other_host = said
        if said == "refused":
            log.error("another host is this node; this one is refused and gets no sessions")
        elif said == "seen":
            log.error(
                "another host has this node's identity and is refused; if it is not yours, revoke the node"
            )

    def _complain(self, what: str, error: Exception) -> None:
        count = self._complaints.count(what, self._now())
        if count:
            log.warning(what, extra={"error": str(error), "count": count})

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._hub.wait_connected()
            self._note_connection()
            batch = self._batch()
            if batch:
                await self._send(batch)
            else:
                await self._sleep()

    async def settle(self, timeout_s: float) -> bool:
        """Wait until every new alert has been sent; False if the hub did not accept them in time."""
        deadline = self._now() + timeout_s
        while any(delivery.hurried for delivery in self._lanes.values()):
            if self._now() >= deadline:
                return False
            await asyncio.sleep(SETTLE_POLL_S)
        return True

    async def _cover(self, mark: LaneMark) -> None:
        if mark.outbox_id != self._outbox.outbox_id:
            self.counts["marks-of-another-outbox"] += 1
            return
        if mark.sequence > self._lanes[mark.lane].mark:
            await self._outbox.covered(mark.lane, mark.sequence)
        self._lanes[mark.lane].covered(mark.sequence, self._now())
        self.counts["marks-obeyed"] += 1
        self._wake.set()

    def _note_connection(self) -> None:
        since = self._hub.connected_since
        if since is None or since == self._seen_connection:
            return
        self._seen_connection = since
        backlog_from = since + self._pace.spread(min(self._pace.backlog_jitter_s, self._hub.away_s))
        for delivery in self._lanes.values():
            delivery.connected(since, backlog_from)

    def _batch(self) -> list[tuple[Lane, int]]:
        batch: list[tuple[Lane, int]] = []
        for lane, delivery in self._lanes.items():
            batch += [(lane, sequence) for sequence in delivery.due(self._now(), WINDOW)]
        return batch

    async def _send(self, batch: list[tuple[Lane, int]]) -> None:
        for lane in Lane:
            try:
                await self._send_lane(lane, [sequence for one, sequence in batch if one is lane])
            except Unavailable as error:  # the other lane's are in flight too: each is sent or has failed
                self._failed(str(error))

    async def _send_lane(self, lane: Lane, sequences: list[int]) -> None:
        delivery = self._lanes[lane]
        try:
            found = await self._outbox.messages(lane, sequences)
        except Unavailable:
            for sequence in sequences:
                delivery.failed(sequence, self._now())
            raise
        for sequence in set(sequences) - {one.sequence for one in found}:
            delivery.gone(sequence)
        errors = [error for error in await asyncio.gather(*map(self._send_one, found)) if error is not None]
        if errors:
            self._failed(str(errors[0]))
        elif found and self._failing:
            self._failing = False
            log.info("alerts reach the hub again")

    async def _send_one(self, alert: Waiting) -> Unavailable | None:
        delivery = self._lanes[alert.lane]
        resends = delivery.resends(alert.sequence)
        fresh = f":{self._boot}.{resends}" if resends else ""
        try:
            await store(
                self._hub,
                subjects.alert(self._node_id, alert.lane),
                alert.message,
                message_id=f"{alert.alert_id}:{alert.revision}{fresh}",
                timeout_s=ACKNOWLEDGE_TIMEOUT_S,
            )
        except Unavailable as error:
            delivery.failed(alert.sequence, self._now())
            self.counts["failed"] += 1
            return error
        latency_s = delivery.sent(alert.sequence, self._now())
        if latency_s is not None:
            self._dispatched(alert, latency_s)
        self.counts["sent-again" if resends else "sent"] += 1
        return None

    def _failed(self, reason: str) -> None:
        if not self._failing:
            self._failing = True
            log.warning("alerts do not reach the hub; they wait in the outbox", extra={"error": reason})

    async def _sleep(self) -> None:
        deadlines = [at for delivery in self._lanes.values() if (at := delivery.deadline()) is not None]
        self._wake.clear()
        timeout_s = max(0.0, min(deadlines) - self._now()) if deadlines else None
        # A new connection changes what is due, so this waits for one as well.
        wait_s = REDISCOVER_S if timeout_s is None else min(timeout_s, REDISCOVER_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait_s)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
