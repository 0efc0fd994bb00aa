"""Defines the alert: the only record about a candidate that leaves an edge node.

An `Alert` is personal and is sent only sealed; `AlertHeader` is the clear part beside it and has only
internal ids. An alert is written twice under one `event_id`: revision 1 when the event is raised and revision
2 when it has cleared; receivers keep the highest revision. Its pictures are separate parcels
(`shared.evidence`); only an alert shown to people contains one, as `evidence_thumbnail`.

Version 1 had the picture in the alert itself. It can still be read, because outboxes and databases may have
such alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType, Lane
from shared.evidence import (
    MAX_PICTURE_BYTES,
    MAX_PICTURES,
    ONSET,
    PictureRef,
    data_url,
    from_data_url,
    onset_picture,
    picture_id,
)
from shared.excerpts import Sealed
from shared.fields import Name, Text, Unit, Utc, format_utc

MAX_ALERT_BYTES = 65_536
MAX_SHOWN_BYTES = MAX_ALERT_BYTES + MAX_PICTURE_BYTES * 4 // 3 + 100
"""The limit for an alert with its picture, as shown to people."""
SCHEMA: Final = "proctor.alert/2"
SCHEMA_BEFORE: Final = "proctor.alert/1"
_EVENT_NAMESPACE = UUID("5b0b6b1e-3c55-4c0e-9b43-0f6f6e2a9d11")


class AlertMetadata(BaseModel):
    """Which node and networks raised the alert, and in which state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: UUID
    region: Name
    models: dict[str, Name]
    """Network per task as `name@version`."""
    device: Name
    """The device that is verifiably in use, such as `cpu-openvino`."""
    policy_version: int
    degradation_level: Annotated[int, Field(ge=0, le=4)]
    trace_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Alert(BaseModel):
    """One event of one session; canonical JSON with a version, at most 64 KiB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal["proctor.alert/2"] = SCHEMA
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
    """Seconds from onset to clearing, or to raising while it lasts, without the time when it could not be
    judged (evidence `unseen_seconds`): technical trouble adds no suspicion."""
    evidence: dict[str, JsonValue]
    """Values against thresholds, frames looked at, frame ids."""
    evidence_pictures: Annotated[tuple[PictureRef, ...], Field(max_length=MAX_PICTURES)] = ()
    """Both revisions name them; they are sent with the first."""
    sealed_excerpt: Sealed | None = None
    """The spoken words around a phrase, sealed to the session's transcript key (`shared.excerpts`)."""
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
        if any(ref.id != picture_id(self.event_id, ONSET) for ref in self.evidence_pictures):
            raise ValueError("the alert names a picture of another alert")
        return self


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert with its picture, as people see it."""

    alert: Alert
    jpeg: bytes | None = None

    @property
    def thumbnail(self) -> str | None:
        """The picture as a data URL."""
        return None if self.jpeg is None else data_url(self.jpeg)


class AlertHeader(BaseModel):
    """The clear part of an alert message: routing and order, nothing about the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["alert"] = "alert"
    schema_version: Literal["proctor.alert/2", "proctor.alert/1"] = SCHEMA
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
    """The epoch of the assignment under which the node watched; it stays valid for events of that time."""
    key_id: UUID
    """The candidate-and-exam key the body is sealed to."""
    created_utc: Utc


def alert_id(session_id: UUID, event: EventType, onset_s: float) -> UUID:
    """The deterministic id of an event: same session, kind and onset (session clock, ms), same id."""
    return uuid5(_EVENT_NAMESPACE, f"{session_id}|{event}|{round(onset_s * 1000)}")


def encode_alert(alert: Alert) -> bytes:
    """Encode as canonical JSON. Raises `Corrupt` if it is too large."""
    data = canonical_json(alert.model_dump(mode="json", exclude_none=True))
    if len(data) > MAX_ALERT_BYTES:
        raise Corrupt(f"an alert of {len(data)} bytes exceeds {MAX_ALERT_BYTES}")
    return data


def encode_shown(shown: Shown) -> bytes:
    """Canonical JSON of an alert with its picture; for people, never sent between node and coordinator."""
    body = shown.alert.model_dump(mode="json", exclude_none=True)
    if shown.thumbnail is not None:
        body["evidence_thumbnail"] = shown.thumbnail
    return canonical_json(body)


def decode_shown(data: bytes) -> Shown:
    """Decode a shown alert, or one of version 1, which contains its picture. Raises `Corrupt`."""
    if len(data) > MAX_SHOWN_BYTES:
        raise Corrupt(f"an alert of {len(data)} bytes exceeds {MAX_SHOWN_BYTES}")
    try:
        return Shown(Alert.model_validate_json(data))
    except ValueError:
        return _with_picture(parse_json(data))


def _with_picture(body: Any) -> Shown:
    try:
        body = dict(body)
        thumbnail = body.pop("evidence_thumbnail", None)
        jpeg = None if thumbnail is None else from_data_url(str(thumbnail))
        before = body.get("schema_version") == SCHEMA_BEFORE
        alert = Alert.model_validate_json(
            canonical_json(body | {"schema_version": SCHEMA} if before else body)
        )
    except (TypeError, ValueError) as error:
        raise Corrupt("the sealed body is not an alert of this schema") from error
    if before and jpeg is not None:
        named = (onset_picture(alert.event_id, jpeg).ref,)
        alert = alert.model_copy(update={"evidence_pictures": named})
    return Shown(alert, jpeg)


def seed_message(shown: Shown) -> dict[str, Any]:
    """The alert as sent to proctors' sockets."""
    alert = shown.alert
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
    if shown.thumbnail is not None:
        body["evidence_thumbnail"] = shown.thumbnail
    return body
