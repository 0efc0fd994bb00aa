"""Tables of destinations, of their secrets and certificates, and of the outbox of deliveries.

A delivery has no content: what is sent is read from the alert or the verdict when it is sent. So nothing
leaves of data whose key was destroyed, and no copy of it lies here. Only the notice that a person was erased
has one, until it is delivered.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, URL_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.deliveries import DeliveryKind, DestinationKind
from shared.events.types import EventClass, EventType

REASON_CHARS = 40


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; a person may have it sent again."""
    DROPPED = "dropped"
    """Not to be sent any more: erased, overtaken by a later revision, undone, or no longer wanted."""


class Destination(Row, table=True):
    """A system of an institution to which alerts and verdicts are sent."""

    __tablename__ = "destinations"
    __table_args__ = (Index("ix_destinations_tenant", "tenant_id", "removed_utc"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    kind: DestinationKind = Field(sa_type=words(DestinationKind))
    name: str = Field(max_length=NAME_CHARS)
    url: str = Field(max_length=URL_CHARS)
    wanted: dict[str, Any] = Field(sa_type=JSON)
    """What may leave (a dump of `shared.api.destinations.DestinationFilter`)."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(max_length=NAME_CHARS)
    paused_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_by: str | None = Field(default=None, max_length=NAME_CHARS)
    removed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The row stays for a while: somebody may be noting something for it at this moment."""
    failures: int = 0
    """Failed tries since the last success."""
    open_until_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Nothing is sent before."""
    last_error: str | None = Field(default=None, max_length=REASON_CHARS)
    held_by: UUID | None = None
    """The coordinator process that sends to it, or the call that follows it."""
    held_until_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Then another one may."""
    placed: int = Field(default=0, sa_type=BigInteger)
    """The highest place that was given to one of its deliveries."""


class DestinationSecret(Row, table=True):
    """A secret that signs what is sent to a webhook, of which at most two sign at once, or the login at a
    Kafka cluster."""

    __tablename__ = "destination_secrets"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    destination_id: UUID = Field(foreign_key="destinations.id", index=True)
    wrapped: bytes
    """The secret under the master key."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    ends_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Until then it signs beside its successor; None: it has none."""


class DestinationCertificate(Row, table=True):
    """A certificate by which the program of a destination identifies itself; at most two are accepted."""

    __tablename__ = "destination_certificates"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        Index("ix_destination_certificates_destination_id", "destination_id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    destination_id: UUID = Field(foreign_key="destinations.id")
    der: bytes
    fingerprint: bytes
    """SHA-256 of it."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    ends_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Until then it is accepted beside its successor; None: it has none."""


class Delivery(Row, table=True):
    """One thing to be told to one destination."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("destination_id", "parcel_id"),
        Index("ix_deliveries_queue", "destination_id", "state", "sequence"),
        Index("ix_deliveries_waits", "destination_id", "state", "next_try_utc"),
        Index("ix_deliveries_subject", "subject_id"),
        Index("ix_deliveries_noted", "noted_utc"),
        Index("ix_deliveries_session_id", "session_id"),
        Index("ix_deliveries_place", "destination_id", "place"),
    )

    sequence: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer(), "sqlite")
    )
    """The order of sending within a session."""
    destination_id: UUID = Field(foreign_key="destinations.id")
    tenant_id: UUID = Field(foreign_key="tenants.id")
    parcel_id: UUID
    """The `webhook-id`: the same at every try, and for every destination."""
    kind: DeliveryKind = Field(sa_type=words(DeliveryKind))
    subject_id: UUID
    """The alert, or the act of the verdict."""
    session_id: UUID = Field(foreign_key="sessions.id")
    revision: int
    """Of the alert; 0 of a verdict."""
    epoch: int
    event_type: EventType | None = Field(default=None, sa_type=words(EventType))
    event_class: EventClass | None = Field(default=None, sa_type=words(EventClass))
    state: DeliveryState = Field(sa_type=words(DeliveryState))
    attempts: int
    """Failed tries."""
    reason: str | None = Field(default=None, max_length=REASON_CHARS)
    """Why the last try failed, or why it was dropped."""
    noted_utc: datetime = Field(sa_type=UtcDateTime)
    due_utc: datetime = Field(sa_type=UtcDateTime)
    """Since when it is to be sent; giving up counts from here."""
    next_try_utc: datetime = Field(sa_type=UtcDateTime)
    settled_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    place: int | None = Field(default=None, sa_type=BigInteger)
    """In the order in which a program that follows gets it; given when it is first sent."""
    told_sealed: bytes | None = None
    """Of notices about a person alone: the names by which the receiver knows it, under the master key, as
    nothing else has them any more. Emptied as soon as it is delivered; with the row after `KEPT_FOR`."""
