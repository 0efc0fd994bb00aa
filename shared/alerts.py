"""The alert: the one record that leaves an edge node about a candidate.

An `Alert` is personal and travels only sealed; `AlertHeader` is the clear part beside it and holds internal
ids alone. An alert is written twice under one `event_id`: revision 1 when the event is raised and revision 2
when it has cleared; whoever stores it keeps the highest revision.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from shared.canonical import canonical_json
from shared.errors import Corrupt
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType, Lane
from shared.excerpts import Sealed
from shared.fields import Name, Text, Unit, Utc, format_utc

MAX_ALERT_BYTES = 65_536
SCHEMA: Final = "proctor.alert/1"
_EVENT_NAMESPACE = UUID("5b0b6b1e-3c55-4c0e-9b43-0f6f6e2a9d11")

Thumbnail = Annotated[
    str, StringConstraints(max_length=60_000, pattern=r"^data:image/jpeg;base64,[A-Za-z0-9+/=]*$")
]


class AlertMetadata(BaseModel):
    """Who said it, with what, in which state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: UUID
    region: Name
    models: dict[str, Name]
    """Network per task as `name@version`."""
    device: Name
    """The device verified in use, such as `cpu-openvino`."""
    policy_version: int
    degradation_level: Annotated[int, Field(ge=0, le=4)]
    trace_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Alert(BaseModel):
    """One event of one session; canonical JSON with a version, at most 64 KiB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal["proctor.alert/1"] = SCHEMA
    event_id: UUID
    event_type: EventType
    event_class: EventClass
    severity_score: Unit
    confidence: Unit
    exam_session_id: Name
    candidate_id: Name
    exam_id: Name
    onset: Utc
    raised: Utc
    cleared: Utc | None = None
    duration: Annotated[float, Field(ge=0)]
    """Seconds from onset to clearing, or to the raising while it lasts, without those in which nobody could
    tell (evidence `unseen_seconds`): technical trouble adds no suspicion."""
    evidence: dict[str, JsonValue]
    """Values against thresholds, frames looked at, frame ids."""
    evidence_thumbnail: Thumbnail | None = None
    sealed_excerpt: Sealed | None = None
    """What was said around a phrase, sealed to the session's transcript key (`shared.excerpts`)."""
    explanation: Text
    """One sentence for people."""
    metadata: AlertMetadata
    action_required: Action
    message: Text
    dismiss_after_seconds: Annotated[int, Field(ge=0, le=3_600)] = 10

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.event_class is not event_class(self.event_type):
            raise ValueError(f"{self.event_type} is not of class {self.event_class}")
        if self.severity_score > 0 and self.event_class in (EventClass.TECHNICAL, EventClass.MILESTONE):
            raise ValueError(f"{self.event_class} events carry no severity")
        return self


class AlertHeader(BaseModel):
    """The clear part of an alert message: routing and order, nothing about the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["alert"] = "alert"
    schema_version: Literal["proctor.alert/1"] = SCHEMA
    alert_id: UUID
    """The alert's event_id."""
    revision: Annotated[int, Field(ge=1, le=2)]
    tenant_id: UUID
    session_id: UUID
    """The session's internal id."""
    node_id: UUID
    outbox_id: UUID
    """Sequences count within one outbox; a node that lost its disk starts a new one."""
    lane: Lane
    sequence: Annotated[int, Field(ge=1, le=2**53 - 1)]
    event_class: EventClass
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """Of the assignment under which the node watched; it stays good for what happened then."""
    key_id: UUID
    """The candidate-and-exam key the body is sealed to."""
    created_utc: Utc


def alert_id(session_id: UUID, event: EventType, onset_s: float) -> UUID:
    """The deterministic id of an event: same session, kind and onset (session clock, ms), same id."""
    return uuid5(_EVENT_NAMESPACE, f"{session_id}|{event}|{round(onset_s * 1000)}")


def encode_alert(alert: Alert) -> bytes:
    """Canonical JSON; leaves the thumbnail out when the alert would exceed 64 KiB with it.

    Raises `Corrupt` when it is too large even so.
    """
    data = canonical_json(alert.model_dump(mode="json", exclude_none=True))
    if len(data) > MAX_ALERT_BYTES and alert.evidence_thumbnail is not None:
        return encode_alert(alert.model_copy(update={"evidence_thumbnail": None}))
    if len(data) > MAX_ALERT_BYTES:
        raise Corrupt(f"an alert of {len(data)} bytes exceeds {MAX_ALERT_BYTES}")
    return data


def decode_alert(data: bytes) -> Alert:
    """The alert in canonical or any other JSON. Raises `Corrupt` for everything that is not one."""
    if len(data) > MAX_ALERT_BYTES:
        raise Corrupt(f"an alert of {len(data)} bytes exceeds {MAX_ALERT_BYTES}")
    try:
        return Alert.model_validate_json(data)
    except ValueError as error:
        raise Corrupt("the sealed body is not an alert of this schema") from error


def seed_message(alert: Alert) -> dict[str, Any]:
    """The alert as proctors' sockets carry it."""
    body: dict[str, Any] = {
        "type": "alert",
        "event_id": str(alert.event_id),
        "exam_session_id": alert.exam_session_id,
        "event_type": alert.event_type,
        "severity_score": alert.severity_score,
        "timestamp": format_utc(alert.raised),
        "message": alert.message,
        "action_required": alert.action_required,
        "dismiss_after_seconds": alert.dismiss_after_seconds,
    }
    if alert.evidence_thumbnail is not None:
        body["evidence_thumbnail"] = alert.evidence_thumbnail
    return body
