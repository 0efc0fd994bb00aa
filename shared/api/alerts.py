"""Bodies of the REST API about alerts and timelines."""

from __future__ import annotations

from pydantic import JsonValue

from shared.api.bodies import Response
from shared.api.sessions import SessionOut
from shared.events.types import Action, EventClass, EventType
from shared.fields import Text, Unit, Utc


class AlertOut(Response):
    event_id: str
    event_type: EventType
    event_class: EventClass
    severity_score: Unit
    confidence: Unit
    exam_session_id: str
    candidate_id: str
    exam_id: str
    onset: Utc
    raised: Utc
    cleared: Utc | None
    duration: float
    evidence: dict[str, JsonValue]
    evidence_thumbnail: str | None
    explanation: Text
    metadata: dict[str, JsonValue]
    action_required: Action
    message: Text
    dismiss_after_seconds: int
    received_at: Utc


class ExcerptOut(Response):
    """The words around a phrase; available only while the session runs."""

    event_id: str
    phrases: tuple[str, ...]
    text: str | None
    """The transcript; null when the node has no network for it."""
    duration_s: float
    clip: str
    """The sound: Ogg Opus in base64."""


class AlertPage(Response):
    items: list[AlertOut]
    next_cursor: str | None


class TimelineOut(Response):
    session: SessionOut
    items: list[AlertOut]
