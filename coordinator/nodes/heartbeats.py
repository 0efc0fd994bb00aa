"""Receives nodes' heartbeats: checks each, passes it to the fleet, and answers with the committed marks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from coordinator.ground.database import Database
from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import MAX_SKEW, Fleet, WrongClock
from coordinator.nodes.hosts import Hosts
from coordinator.nodes.node_states import wrong_clock
from coordinator.nodes.signers import Signers
from shared import subjects
from shared.errors import Corrupt, Unavailable
from shared.messages.heartbeats import MAX_BEATS_PER_S, Heartbeat, LaneMark, Marks, OtherHost
from shared.messages.message import parse
from shared.rates import Buckets, Rate
from shared.sealing import Signs, pack, unpack, verify
from shared.seldom import Seldom

log = logging.getLogger(__name__)

SEEN_EVERY: Final = timedelta(minutes=1)
"""How often `nodes.last_seen_utc` is written; in between, only the fleet knows the latest heartbeat."""

RATE: Final = Rate(burst=10, per_s=MAX_BEATS_PER_S)
"""The heartbeats of one node."""


class Heartbeats:
    """Handles messages on `edge.*.heartbeat`."""

    def __init__(
        self,
        database: Database,
        fleet: Fleet,
        signers: Signers,
        signing: Signs,
        on_boot: Callable[[UUID], None] = lambda _: None,
        on_heard: Callable[[], None] = lambda: None,
        hosts: Hosts | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`on_boot` is called with the id of a node that has just started and so knows no session yet,
        `on_heard` after each heartbeat, when the fleet knows it. `hosts` finds out whether two hosts have one
        identity; None: nobody does. Of several coordinators all hear a heartbeat, and the one that `leads`
        answers it."""
        self._database = database
        self._fleet = fleet
        self._signers = signers
        self._signing = signing
        self._on_boot = on_boot
        self._on_heard = on_heard
        self._leads = leads
        self._hosts = hosts
        self._written: dict[UUID, datetime] = {}
        self._rates = Buckets(RATE)
        self._complaints = Seldom()
        self.counts: Counter[str] = Counter()
        """Heartbeats accepted and refused, by reason. `alerts-lost` counts alerts that outboxes deleted
        before they arrived."""

    async def hear(self, subject: str, message: bytes) -> bytes | None:
        """The signed marks in answer to a valid heartbeat; None, so no answer, for any other message."""
        now_utc, now = datetime.now(UTC), time.monotonic()
        if self._rates.wait_s(subject, now):
            self._refuse(subject, "too-often", "heartbeats come too often", now)
            return None
        try:
            heartbeat = _authentic(subject, message, self._signers)
            other = await self._other_host(heartbeat, now_utc, now)
            if other == "refused":
                self._refuse(subject, "other-host", "another host is this node", now)
                return None if not self._leads() else sign_marks(heartbeat.node_id, [], self._signing, other)
            booted = self._fleet.hear(heartbeat, now, now_utc)
        except WrongClock as error:
            self._refuse(subject, "wrong-clock", str(error), now)
            # The answer's time tells the node that its clock is wrong.
            return None if not self._leads() else sign_marks(error.node_id, [], self._signing)
        except Corrupt as error:
            self._refuse(subject, "refused", str(error), now)
            return None
        self.counts["heard"] += 1
        if booted:
            self._on_boot(heartbeat.node_id)
        self._on_heard()
        if wrong_clock(self._fleet.skew_s(heartbeat.node_id, now)):
            self._complain(subject, "the node's clock is wrong, so it refuses every command", now)
        if not self._leads():
            return None
        try:
            marks = await asyncio.to_thread(self._marks, heartbeat, now_utc)
            return sign_marks(heartbeat.node_id, marks, self._signing, other)
        except Unavailable:
            self.counts["no-database"] += 1
            return None

    async def _other_host(self, heartbeat: Heartbeat, now_utc: datetime, now: float) -> OtherHost | None:
        """What is to be told of another host. Raises `Corrupt` for one that cannot be judged just now while
        another is heard: it speaks again."""
        if self._hosts is None or abs(heartbeat.sent_utc - now_utc) > MAX_SKEW:
            return None  # one with a wrong time may be a repeated one of a former host
        try:
            return await self._hosts.judge(heartbeat, now_utc)
        except Unavailable as error:
            self.counts["not-judged"] += 1
            last = self._fleet.state(heartbeat.node_id)
            if last is not None and last.online(now) and last.heartbeat.boot_id != heartbeat.boot_id:
                raise Corrupt("nobody can say now which of two hosts is this node") from error
            return None

    def _refuse(self, subject: str, what: str, reason: str, now: float) -> None:
        self.counts[what] += 1
        self._complain(subject, reason, now)

    def _complain(self, subject: str, reason: str, now: float) -> None:
        count = self._complaints.count((subject, reason), now)
        if count:
            log.warning(
                "a heartbeat shows a problem", extra={"url": subject, "reason": reason, "count": count}
            )

    def _marks(self, heartbeat: Heartbeat, now_utc: datetime) -> list[LaneMark]:
        node_id = heartbeat.node_id
        with self._database.read() as db:
            marks = nodes.marks(db, node_id, heartbeat.outbox)
        behind = any(
            state.first_waiting - 1 > mark.sequence
            for state, mark in zip(heartbeat.outbox, marks, strict=True)
        )
        last = self._written.get(node_id)
        if not behind and last is not None and now_utc - last < SEEN_EVERY:
            return marks
        with self._database.write() as db:
            nodes.seen(db, node_id, now_utc)
            lost = nodes.stepped_over(db, node_id, heartbeat.outbox, now_utc) if behind else []
            marks = nodes.marks(db, node_id, heartbeat.outbox)
        self._written[node_id] = now_utc
        for one in lost:
            self.counts["alerts-lost"] += one.count
            log.error(
                "alerts of a node are lost: its outbox deleted them before they arrived",
                extra={"node_id": node_id, "count": one.count},
            )
        return marks


def sign_marks(
    node_id: UUID,
    marks: list[LaneMark],
    signing: Signs,
    other_host: OtherHost | None = None,
) -> bytes:
    """The signed message that allows a node's outbox to delete alerts."""
    said = Marks(node_id=node_id, marks=tuple(marks), sent_utc=datetime.now(UTC), other_host=other_host)
    # A node whose program is older does not know what it is not asked for.
    return pack(said.model_dump(mode="json", exclude_none=True), b"", signing)


def _authentic(subject: str, message: bytes, signers: Signers) -> Heartbeat:
    node_id = subjects.node_of(subject)
    if node_id not in signers:
        raise Corrupt("the node is not configured here")
    parcel = unpack(message)
    verify(parcel, signers[node_id])
    heartbeat = parse(Heartbeat, parcel.header)
    if heartbeat.node_id != node_id:
        raise Corrupt("the heartbeat names another node")
    return heartbeat
