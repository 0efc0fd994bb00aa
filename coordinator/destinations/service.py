"""Makes, finds, lists, changes, pauses and removes destinations. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, func, select, update

from coordinator.destinations import certificates_service as certificates, secrets_service as secrets
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.tenants.tables import Tenant
from shared.api.destinations import DestinationFilter, DestinationRequest, WebhookRequest
from shared.deliveries import DestinationKind
from shared.errors import Rejected
from shared.tokens import Claims

MAX_DESTINATIONS: Final = 50
"""Of one institution: each costs a row for everything that is told to it."""
SKIPPED_PLACES: Final = 2**32
"""More than a destination gets between two backups."""


@dataclass(frozen=True, slots=True)
class Heap:
    """The deliveries of one destination in one state."""

    count: int
    oldest_utc: datetime


@dataclass(frozen=True, slots=True)
class FoundDestination:
    """A destination and what lies there for it."""

    row: Destination
    heaps: dict[DeliveryState, Heap]
    former_until_utc: datetime | None


def make(
    db: Session, claims: Claims, request: WebhookRequest | DestinationRequest, now_utc: datetime
) -> Destination:
    """Make a destination. Raises `Rejected` (409 `too-many-destinations`)."""
    if len(_rows(db, claims.tenant_id)) >= MAX_DESTINATIONS:
        raise Rejected(
            f"an institution has at most {MAX_DESTINATIONS} destinations; remove one",
            code="too-many-destinations",
            status=409,
        )
    kind, url = _where(request)
    row = Destination(
        tenant_id=claims.tenant_id,
        kind=kind,
        name=request.name,
        url=url,
        wanted=request.filter.model_dump(mode="json"),
        created_utc=now_utc,
        created_by=claims.subject,
    )
    db.add(row)
    db.flush()
    return row


def check_kind(row: Destination, kind: DestinationKind) -> None:
    """Raises `Rejected` (409 `other-kind`) for a destination of another kind."""
    if row.kind is not kind:
        raise Rejected(f"this destination is no {kind} but {row.kind}", code="other-kind", status=409)


def is_held(row: Destination, now_utc: datetime) -> bool:
    """Whether somebody sends to it or follows it now."""
    return row.held_until_utc is not None and row.held_until_utc > now_utc


def find(db: Session, tenant_id: UUID, destination_id: UUID, *, to_change: bool = False) -> Destination:
    """The institution's destination; `to_change` keeps others from changing it meanwhile.

    Raises `Rejected` (404 `destination-unknown`).
    """
    wanted = select(Destination).where(
        Destination.id == destination_id,
        Destination.tenant_id == tenant_id,
        col(Destination.removed_utc).is_(None),
    )
    if to_change:
        # `key_share`: alerts that arrive meanwhile are noted without waiting for this transaction.
        wanted = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = db.exec(wanted).one_or_none()
    if row is None:
        raise Rejected("there is no destination with this id", code="destination-unknown", status=404)
    return row


def listing(db: Session, tenant_id: UUID, now_utc: datetime) -> list[FoundDestination]:
    """The institution's destinations, oldest first."""
    rows = _rows(db, tenant_id)
    heaps = _heaps(db, {row.id for row in rows})
    return [_found(db, row, heaps.get(row.id, {}), now_utc) for row in rows]


def looked_at(db: Session, row: Destination, now_utc: datetime) -> FoundDestination:
    """A destination with what lies there for it."""
    return _found(db, row, _heaps(db, {row.id}).get(row.id, {}), now_utc)


def set_filter(db: Session, row: Destination, wanted: DestinationFilter) -> None:
    """Change what may leave. What waits and is no longer wanted is dropped when its turn comes."""
    row.wanted = wanted.model_dump(mode="json")
    db.add(row)
    db.flush()


def pause(db: Session, row: Destination, by: str, now_utc: datetime) -> None:
    """Send nothing from now on; what is to be told waits. A paused one stays as it is."""
    if row.paused_utc is None:
        row.paused_utc, row.paused_by = now_utc, by
    db.add(row)
    db.flush()


def resume(db: Session, row: Destination, now_utc: datetime) -> None:
    """Send again, at once: also what waited because of failures. Giving up counts from now on."""
    row.paused_utc = row.paused_by = None
    row.failures, row.open_until_utc = 0, None
    db.exec(
        update(Delivery)
        .where(
            col(Delivery.destination_id) == row.id,
            col(Delivery.state) == DeliveryState.WAITING,
            col(Delivery.due_utc) <= now_utc,
        )
        .values(due_utc=now_utc, next_try_utc=now_utc)
    )
    db.add(row)
    db.flush()


def go_on(db: Session, tenant_id: UUID, now_utc: datetime) -> None:
    """Let giving up count from now on, for what waited while an institution was disabled. The caller enables
    it afterwards; nothing happens if it is enabled already."""
    of_tenant = select(Destination.id).join(Tenant, col(Tenant.id) == col(Destination.tenant_id))
    held_up = of_tenant.where(col(Tenant.id) == tenant_id, col(Tenant.disabled_utc).is_not(None))
    db.exec(
        update(Delivery)
        .where(
            col(Delivery.destination_id).in_(held_up),
            col(Delivery.state) == DeliveryState.WAITING,
            col(Delivery.due_utc) <= now_utc,
        )
        .values(due_utc=now_utc)
        .execution_options(synchronize_session=False)
    )


def remove(db: Session, row: Destination, now_utc: datetime) -> None:
    """Remove a destination: nothing is noted or sent any more; its secrets, its certificates and the names in
    notices to it are deleted."""
    row.removed_utc = now_utc
    secrets.forget(db, row.id)
    certificates.forget(db, row.id)
    db.exec(
        update(Delivery)
        .where(col(Delivery.destination_id) == row.id, col(Delivery.state) == DeliveryState.WAITING)
        .values(state=DeliveryState.DROPPED, reason="removed", settled_utc=now_utc)
    )
    mine = col(Delivery.destination_id) == row.id, col(Delivery.told_sealed).is_not(None)
    db.exec(update(Delivery).where(*mine).values(told_sealed=None))
    db.add(row)
    db.flush()


def skip_places(db: Session) -> None:
    """Give no place again that may have been given after this database was copied. Cursors of that time stay
    good: they acknowledge what the copy knows, and nothing that comes now."""
    db.exec(
        update(Destination)
        .where(col(Destination.kind) == DestinationKind.GRPC)
        .values(placed=col(Destination.placed) + SKIPPED_PLACES)
    )


def _where(request: WebhookRequest | DestinationRequest) -> tuple[DestinationKind, str]:
    match request:
        case WebhookRequest():
            return DestinationKind.WEBHOOK, request.url
        case DestinationRequest(kafka=kafka) if kafka is not None:
            return DestinationKind.KAFKA, str(kafka.place)
        case _:
            return DestinationKind.GRPC, ""


def _found(
    db: Session, row: Destination, heaps: dict[DeliveryState, Heap], now_utc: datetime
) -> FoundDestination:
    kept = certificates if row.kind is DestinationKind.GRPC else secrets
    return FoundDestination(row, heaps, kept.former_until(db, row.id, now_utc))


def _rows(db: Session, tenant_id: UUID) -> list[Destination]:
    wanted = (
        select(Destination)
        .where(Destination.tenant_id == tenant_id, col(Destination.removed_utc).is_(None))
        .order_by(col(Destination.created_utc), col(Destination.id))
    )
    return list(db.exec(wanted))


def _heaps(db: Session, ids: Collection[UUID]) -> dict[UUID, dict[DeliveryState, Heap]]:
    wanted = (
        select(Delivery.destination_id, Delivery.state, func.count(), func.min(Delivery.noted_utc))
        .where(
            col(Delivery.destination_id).in_(ids),
            col(Delivery.state).in_((DeliveryState.WAITING, DeliveryState.DEAD)),
        )
        .group_by(col(Delivery.destination_id), col(Delivery.state))
    )
    heaps: dict[UUID, dict[DeliveryState, Heap]] = {}
    for destination_id, state, count, oldest_utc in db.exec(wanted):
        heaps.setdefault(destination_id, {})[DeliveryState(state)] = Heap(count, oldest_utc)
    return heaps
