"""Reads what is to be sent to one destination next, from alerts and verdicts as they are now.

Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.deliveries.parcels import VerdictTold, alert_data, body_of, verdict_data
from coordinator.deliveries.schedule import Breaker, Tried
from coordinator.destinations import outbox_service as outbox, secrets_service as secrets
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.destinations.wanted import Fact, leaves
from coordinator.ground.keyring import Keyring
from coordinator.reviews import reading_service as reading
from coordinator.reviews.reading_service import OpenedAct
from coordinator.tenants.tables import Tenant
from shared.api.destinations import DestinationFilter
from shared.canonical import parse_json
from shared.deliveries import NOTICES, DeliveryKind, DestinationKind

ALERTS: Final = frozenset({DeliveryKind.ALERT_RAISED, DeliveryKind.ALERT_CLEARED})
VERDICTS: Final = frozenset({DeliveryKind.VERDICT_GIVEN, DeliveryKind.VERDICT_WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery, ready to be sent, or with the reason why it is not to be sent any more."""

    sequence: int
    parcel_id: UUID
    session_id: UUID
    tried: Tried
    body: str | None
    reason: str | None = None
    """Of one without a body."""
    alert: tuple[UUID, int] | None = None
    """The id and revision of the alert it tells of, if any."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one round sends to a destination."""

    destination_id: UUID
    kind: DestinationKind
    url: str
    secrets: tuple[str, ...]
    breaker: Breaker
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """An alert as it is now, and the latest revision and epoch noted for the destination."""

    stored: Stored
    noted: tuple[int, int]


def load(db: Session, keyring: Keyring, destination_id: UUID, limit: int, now_utc: datetime) -> Load | None:
    """The next deliveries in their order, without those behind a failed one of their session; None: nothing
    may be sent to this destination."""
    row = db.get(Destination, destination_id)
    if row is None or row.removed_utc is not None or row.paused_utc is not None:
        return None
    if db.get_one(Tenant, row.tenant_id).disabled_utc is not None:
        return None
    rows = _next(db, destination_id, limit, now_utc)
    breaker = Breaker(row.failures, row.open_until_utc)
    wanted = DestinationFilter.model_validate(row.wanted)
    return Load(
        destination_id,
        row.kind,
        row.url,
        secrets.signing(db, keyring, destination_id, now_utc),
        breaker,
        tuple(parcels_of(db, keyring, rows, wanted)),
    )


def _next(db: Session, destination_id: UUID, limit: int, now_utc: datetime) -> Sequence[Delivery]:
    mine = (col(Delivery.destination_id) == destination_id, col(Delivery.state) == DeliveryState.WAITING)
    held_up = select(Delivery.session_id).where(
        *mine, col(Delivery.next_try_utc) > now_utc, col(Delivery.attempts) > 0
    )
    wanted = (
        select(Delivery)
        .where(*mine, col(Delivery.next_try_utc) <= now_utc, col(Delivery.session_id).not_in(held_up))
        .order_by(col(Delivery.sequence))
        .limit(limit)
    )
    return db.exec(wanted).all()


def parcels_of(
    db: Session, keyring: Keyring, rows: Sequence[Delivery], wanted: DestinationFilter
) -> list[Parcel]:
    """Deliveries of one destination with what they say now."""
    told = _alerts(db, keyring, [row for row in rows if row.kind in ALERTS])
    acts = reading.opened_acts(db, keyring, [row.subject_id for row in rows if row.kind in VERDICTS])
    parcels = []
    for row in rows:
        if row.kind in NOTICES:
            reason, body = _notice(keyring, row)
        else:
            reason, body = _body(row, told, acts, wanted)
        tried = Tried(row.attempts, row.due_utc)
        assert row.sequence is not None  # it was read
        alert = (row.subject_id, row.revision) if row.kind in ALERTS else None
        parcels.append(Parcel(row.sequence, row.parcel_id, row.session_id, tried, body, reason, alert))
    return parcels


def _body(
    row: Delivery,
    told: Mapping[UUID, _Told],
    acts: Mapping[UUID, OpenedAct],
    wanted: DestinationFilter,
) -> tuple[str | None, str | None]:
    """Why a delivery is not to be sent, or its body."""
    if not leaves(wanted, Fact(row.kind, row.event_type, row.event_class)):
        return "unwanted", None
    if row.kind not in ALERTS:
        if (act := acts.get(row.subject_id)) is None:
            return "erased", None
        return None, body_of(row.kind, row.noted_utc, verdict_data(_verdict(act), wanted.details))
    if (found := told.get(row.subject_id)) is None:
        return "erased", None
    if (row.revision, row.epoch) < found.noted:
        return "overtaken", None  # the later revision says all that this one says
    stored = found.stored
    return None, body_of(row.kind, row.noted_utc, alert_data(stored.shown, stored.revision, wanted.details))


def _notice(keyring: Keyring, row: Delivery) -> tuple[str | None, str | None]:
    """The same for a notice about a person, which goes out whatever the destination wants."""
    if row.told_sealed is None:
        return "erased", None
    told = parse_json(keyring.unwrap(outbox.told_place(row.parcel_id), row.told_sealed))
    return None, body_of(row.kind, row.noted_utc, told)


def _alerts(db: Session, keyring: Keyring, rows: Sequence[Delivery]) -> dict[UUID, _Told]:
    """The alerts of some deliveries to one destination, as far as their keys exist."""
    if not rows:
        return {}
    ids, destination_id = {row.subject_id for row in rows}, rows[0].destination_id
    stored = db.exec(select(StoredAlert).where(col(StoredAlert.id).in_(ids))).all()
    opened = alerts.opened_rows(db, keyring, stored)
    wanted = select(Delivery.subject_id, Delivery.revision, Delivery.epoch).where(
        col(Delivery.subject_id).in_(ids),
        col(Delivery.destination_id) == destination_id,
        col(Delivery.state) != DeliveryState.DROPPED,
    )
    noted: dict[UUID, tuple[int, int]] = {}
    for alert_id, revision, epoch in db.exec(wanted):
        noted[alert_id] = max((revision, epoch), noted.get(alert_id, (0, 0)))
    return {one.alert.event_id: _Told(one, noted[one.alert.event_id]) for one in opened}


def _verdict(act: OpenedAct) -> VerdictTold:
    row = act.row
    return VerdictTold(
        act_id=row.id,
        incident_id=row.incident_id,
        act=row.act,
        state=row.state,
        reason=row.reason,
        exam_session_id=act.session.reference,
        exam_id=act.session.exam_reference,
        candidate_id=act.candidate.reference,
        findings=act.findings,
        at_utc=row.at_utc,
        effective_utc=row.effective_utc,
        reviewer=row.actor,
        text=act.text,
    )
