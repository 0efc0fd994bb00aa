"""Stores one batch of alert messages: treats each, then sets new marks.

One batch is one transaction. All rows that its messages need are loaded together, each message is checked
separately, and those that pass are written in a few statements. In the same transaction the marks advance and
incidents are grouped.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Fate, Written
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import RefusedAlert
from coordinator.arriving import sittings_service as sittings
from coordinator.arriving.arrival import Authentic, Behind, Forged, TooEarly, admit, authenticate
from coordinator.arriving.pictures import Arrived, Taken as TakenPictures, take as take_pictures
from coordinator.arriving.sittings_service import Sitting
from coordinator.evidence import service as evidence
from coordinator.evidence.kept import PictureState
from coordinator.ground.database import Database
from coordinator.ground.keyring import Keyring
from coordinator.incidents import grouping_service as grouping
from coordinator.nodes import service as nodes
from coordinator.nodes.alert_stream import Delivery
from coordinator.nodes.service import LaneKey
from coordinator.nodes.signers import Signers
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import AlertHeader
from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages.heartbeats import LaneMark

log = logging.getLogger(__name__)

LATER_DELAYS_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""The number and the delays of redeliveries before a message of an unknown session is refused, or one of an
unknown assignment is left to its outbox."""
KEYRING_DELAY_S: Final = 2.0
"""The delay of redelivery if our own keyring cannot open a message; repeated for ever, so that nothing is
lost."""


class Treatment(StrEnum):
    """How one message is treated."""

    STORED = "stored"
    REPEATED = "repeated"
    """It was already stored."""
    REFUSED = "refused"
    """Authentic but never an alert: recorded, its sequence is settled."""
    FORGED = "forged"
    LATER = "later"
    GIVEN_BACK = "given-back"
    """Not judged and no longer kept in the stream: no mark covers it, so its outbox sends it again."""


@dataclass(frozen=True, slots=True)
class Treated:
    """One message and how it was treated."""

    delivery: Delivery
    treatment: Treatment
    reason: str = ""
    header: AlertHeader | None = None
    stored: Stored | None = None
    delay_s: float = 0.0
    pictures: tuple[str, ...] = ()
    """The counts for its pictures."""

    @property
    def settled(self) -> bool:
        """Whether its sequence is settled."""
        return self.treatment in (Treatment.STORED, Treatment.REPEATED, Treatment.REFUSED)


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch after its commit."""

    treated: list[Treated]
    marks: dict[UUID, list[LaneMark]]


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A message that may be stored."""

    delivery: Delivery
    header: AlertHeader
    written: Written
    pictures: TakenPictures


@dataclass(frozen=True, slots=True)
class AlertStore:
    """The part that runs in a thread: one transaction per batch."""

    database: Database
    keyring: Keyring
    signers: Signers

    def take(self, deliveries: list[Delivery], now_utc: datetime) -> Taken:
        """Commit a batch; returns the treated messages and the advanced marks.

        Raises `Unavailable` and then changes nothing.
        """
        checked = [(delivery, self._authentic(delivery)) for delivery in deliveries]
        with self.database.write() as db:
            sessions = {m.header.session_id for _, m in checked if isinstance(m, Authentic)}
            found = sittings.load(db, self.keyring, sessions, now_utc)
            judged = [self._judge(db, found, *one, now_utc) for one in checked]
            written = iter(self._write(db, [one for one in judged if isinstance(one, _Admitted)], now_utc))
            treated = [next(written) if isinstance(one, _Admitted) else one for one in judged]
            self._group(db, treated, now_utc)
            return Taken(treated, _commit_marks(db, treated, now_utc))

    def _authentic(self, delivery: Delivery) -> Authentic | str:
        try:
            return authenticate(delivery.subject, delivery.data, self.signers)
        except Forged as error:
            return str(error)

    def _judge(
        self,
        db: Session,
        found: Mapping[UUID, Sitting],
        delivery: Delivery,
        message: Authentic | str,
        now_utc: datetime,
    ) -> _Admitted | Treated:
        """Check one message; only a refusal is written."""
        if isinstance(message, str):
            return Treated(delivery, Treatment.FORGED, message)
        header = message.header
        sitting = found.get(header.session_id)
        try:
            written = admit(self.keyring, message, sitting)
            assert sitting is not None  # `admit` accepts nothing without one
            arrived = Arrived(message, written, sitting.evidence, self.signers[header.node_id])
            return _Admitted(delivery, header, written, take_pictures(self.keyring, arrived))
        except Exception as error:
            return _treatment_of(db, delivery, header, error, now_utc)

    def _write(self, db: Session, admitted: Sequence[_Admitted], now_utc: datetime) -> list[Treated]:
        """Store all together; if that fails, one by one, so that none blocks the others."""
        try:
            with db.begin_nested():
                return self._store(db, admitted, now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable: nothing of this batch counts
        except Exception as error:
            if len(admitted) == 1:
                return [_treatment_of(db, admitted[0].delivery, admitted[0].header, error, now_utc)]
            return [treated for one in admitted for treated in self._write(db, [one], now_utc)]

    def _store(self, db: Session, admitted: Sequence[_Admitted], now_utc: datetime) -> list[Treated]:
        fates = alerts.store(db, self.keyring, [one.written for one in admitted], now_utc)
        theirs = [one for one, fate in zip(admitted, fates, strict=True) if fate is not Fate.ANOTHERS]
        pictures = [picture for one in theirs for picture in one.pictures.pictures]
        evidence.store(db, self.keyring, pictures, now_utc)
        return [_treated(db, one, fate, now_utc) for one, fate in zip(admitted, fates, strict=True)]

    def _group(self, db: Session, treated: list[Treated], now_utc: datetime) -> None:
        """Update the incidents. A failure here must not prevent storing an alert: it is noted, and the
        session's next alert groups these too."""
        changed: dict[UUID, datetime] = {}
        for stored in (one.stored for one in treated if one.stored is not None):
            if stored.alert.event_class in grouping.SUSPICIONS:
                onset = stored.alert.onset
                changed[stored.session_id] = min(onset, changed.get(stored.session_id, onset))
        if not changed:
            return
        try:
            with db.begin_nested():
                grouping.regroup(db, changed, now_utc)
        except (OperationalError, InterfaceError):
            raise  # the database is unavailable: nothing of this batch counts
        except Exception:
            log.exception("incidents could not be grouped; the session's next alert groups these too")
            grouping.owe(db, changed)


def _treated(db: Session, admitted: _Admitted, fate: Fate, now_utc: datetime) -> Treated:
    if fate is Fate.ANOTHERS:
        return _refused(db, admitted.delivery, admitted.header, "claims-another-id", now_utc)
    stored = _stored(admitted.written, admitted.pictures, now_utc) if fate is Fate.NEW else None
    treatment = Treatment.REPEATED if stored is None else Treatment.STORED
    counts = admitted.pictures.counts
    return Treated(admitted.delivery, treatment, header=admitted.header, stored=stored, pictures=counts)


def _treatment_of(
    db: Session, delivery: Delivery, header: AlertHeader, error: Exception, now_utc: datetime
) -> Treated:
    """How a message that caused an error is treated."""
    match error:
        case TooEarly():
            return _later(db, delivery, header, str(error), now_utc)
        case Behind():
            delay_s = _delay_s(delivery)
            treatment = Treatment.GIVEN_BACK if delay_s is None else Treatment.LATER
            return Treated(delivery, treatment, str(error), header, delay_s=delay_s or 0.0)
        case Unavailable():
            return Treated(delivery, Treatment.LATER, error.code, header, delay_s=KEYRING_DELAY_S)
        case Rejected():
            return _refused(db, delivery, header, error.code, now_utc)
        case Corrupt():
            return _refused(db, delivery, header, str(error), now_utc)
        case _:
            # A message that causes an error here must not block the others or come back for ever.
            log.error(
                "an alert message could not be judged", exc_info=error, extra={"node_id": header.node_id}
            )
            return _later(db, delivery, header, "internal-error", now_utc)


def _stored(written: Written, pictures: TakenPictures, now_utc: datetime) -> Stored:
    state = PictureState.MISSING if written.alert.evidence_pictures else PictureState.NONE
    return Stored(
        written.alert,
        written.session.id,
        written.revision,
        now_utc,
        pictures.jpeg,
        state if pictures.jpeg is None else PictureState.KEPT,
    )


def _later(db: Session, delivery: Delivery, header: AlertHeader, reason: str, now_utc: datetime) -> Treated:
    delay_s = _delay_s(delivery)
    if delay_s is None:
        return _refused(db, delivery, header, reason, now_utc)
    return Treated(delivery, Treatment.LATER, reason, header, delay_s=delay_s)


def _delay_s(delivery: Delivery) -> float | None:
    """The redelivery delay of a message that cannot be judged yet; None: it has come often enough."""
    if delivery.delivered > len(LATER_DELAYS_S):
        return None
    return LATER_DELAYS_S[delivery.delivered - 1]


def _refused(db: Session, delivery: Delivery, header: AlertHeader, reason: str, now_utc: datetime) -> Treated:
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
    return Treated(delivery, Treatment.REFUSED, reason, header)


def _commit_marks(db: Session, treated: list[Treated], now_utc: datetime) -> dict[UUID, list[LaneMark]]:
    settled: defaultdict[LaneKey, list[int]] = defaultdict(list)
    for one in treated:
        if one.header is not None and one.settled:
            header = one.header
            settled[LaneKey(header.node_id, header.outbox_id, header.lane)].append(header.sequence)
    marks: defaultdict[UUID, list[LaneMark]] = defaultdict(list)
    for key in sorted(settled):  # the same order in every replica avoids deadlocks
        marks[key.node_id].append(nodes.committed(db, key, settled[key], now_utc))
    return dict(marks)
