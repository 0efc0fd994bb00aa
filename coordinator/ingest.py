"""Takes alerts in: fetch, check, store, commit, acknowledge, and tell the nodes how far all is committed.

One batch is one transaction, one message one savepoint in it. Nothing is acknowledged before the commit, so a
crash in between brings the messages again, and the second storing finds the first. A mark moves in the
transaction that stores what it covers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.arrival import Forged, Signers, TooEarly, admit, authenticate
from coordinator.alerts.service import Stored
from coordinator.alerts.tables import RefusedAlert
from coordinator.database import Database
from coordinator.heartbeats import sign_marks
from coordinator.hub import Delivery, Hub
from coordinator.keyring import Keyring
from coordinator.nodes import service as nodes
from coordinator.nodes.service import LaneKey
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared import subjects
from shared.alerts import AlertHeader
from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages import LaneMark

log = logging.getLogger(__name__)

BATCH: Final = 64
FETCH_WAIT_S: Final = 5.0
AWAY_PAUSE_S: Final = 2.0
"""Before the next try while database or keyring are away, and the delay asked of the stream meanwhile."""
LATER_DELAYS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""How often and how late a message of an unknown session comes again before it is refused."""


class Verdict(StrEnum):
    """What becomes of one message."""

    STORED = "stored"
    REPEATED = "repeated"
    """It was there already."""
    REFUSED = "refused"
    """Authentic and never an alert: written down, its sequence settled."""
    FORGED = "forged"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one delivery."""

    delivery: Delivery
    verdict: Verdict
    reason: str = ""
    header: AlertHeader | None = None
    stored: Stored | None = None
    delay_s: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether its sequence counts as committed."""
        return self.verdict in (Verdict.STORED, Verdict.REPEATED, Verdict.REFUSED)


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch after its commit."""

    outcomes: list[Outcome]
    marks: dict[UUID, list[LaneMark]]


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


@dataclass(frozen=True, slots=True)
class AlertStore:
    """The part that runs in a thread: one batch, one transaction."""

    database: Database
    keyring: Keyring
    signers: Signers

    def take(self, deliveries: list[Delivery], now_utc: datetime) -> Taken:
        """Verdicts and moved marks, committed. Raises `Unavailable`, with nothing changed."""
        with self.database.write() as db:
            outcomes = [self._judge(db, delivery, now_utc) for delivery in deliveries]
            return Taken(outcomes, _commit_marks(db, outcomes, now_utc))

    def _judge(self, db: Session, delivery: Delivery, now_utc: datetime) -> Outcome:
        try:
            message = authenticate(delivery.subject, delivery.data, self.signers)
        except Forged as error:
            return Outcome(delivery, Verdict.FORGED, str(error))
        header = message.header
        try:
            with db.begin_nested():
                written = admit(db, self.keyring, message)
                new = alerts.store(db, self.keyring, written, now_utc)
        except TooEarly as error:
            return _later(db, delivery, header, str(error), now_utc)
        except Unavailable as error:
            return Outcome(delivery, Verdict.LATER, error.code, header, delay_s=AWAY_PAUSE_S)
        except Rejected as error:
            return _refused(db, delivery, header, error.code, now_utc)
        except Corrupt as error:
            return _refused(db, delivery, header, str(error), now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is away: nothing of this batch counts
        except Exception:
            # A message that makes us fail must not hold up the others, nor come for ever.
            log.exception("an alert message could not be judged", extra={"node_id": header.node_id})
            return _later(db, delivery, header, "internal-error", now_utc)
        if not new:
            return Outcome(delivery, Verdict.REPEATED, header=header)
        stored = Stored(written.alert, written.session.id, written.revision, now_utc)
        return Outcome(delivery, Verdict.STORED, header=header, stored=stored)


def _later(db: Session, delivery: Delivery, header: AlertHeader, reason: str, now_utc: datetime) -> Outcome:
    if delivery.delivered > len(LATER_DELAYS_S):
        return _refused(db, delivery, header, reason, now_utc)
    delay_s = LATER_DELAYS_S[delivery.delivered - 1]
    return Outcome(delivery, Verdict.LATER, reason, header, delay_s=delay_s)


def _refused(db: Session, delivery: Delivery, header: AlertHeader, reason: str, now_utc: datetime) -> Outcome:
    alerts.write_refusal(
        db,
        RefusedAlert(
            node_id=header.node_id,
            outbox_id=header.outbox_id,
            lane=header.lane,
            sequence=header.sequence,
            tenant_id=DEFAULT_TENANT_ID,
            alert_id=header.alert_id,
            reason=reason,
            refused_utc=now_utc,
        ),
    )
    return Outcome(delivery, Verdict.REFUSED, reason, header)


def _commit_marks(db: Session, outcomes: list[Outcome], now_utc: datetime) -> dict[UUID, list[LaneMark]]:
    settled: defaultdict[LaneKey, list[int]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.header is not None and outcome.settled:
            header = outcome.header
            settled[LaneKey(header.node_id, header.outbox_id, header.lane)].append(header.sequence)
    marks: defaultdict[UUID, list[LaneMark]] = defaultdict(list)
    for key in sorted(settled):  # the same order in every replica, so that none waits for another in a circle
        marks[key.node_id].append(nodes.committed(db, key, settled[key], now_utc))
    return dict(marks)
