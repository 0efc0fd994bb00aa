"""Makes the milestones that the coordinator puts on a session's timeline: alerts without severity. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from pydantic import JsonValue

from shared.alerts import Alert, AlertMetadata, alert_id
from shared.consents import Purpose
from shared.events.table import EVENTS, event_class
from shared.events.types import Action, EventType
from shared.traces.spans import trace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The session a milestone is about."""

    session_id: UUID
    exam_session_id: str
    candidate_id: str
    exam_id: str
    started_utc: datetime
    node_id: UUID
    region: str
    policy_version: int


def milestone(subject: Subject, event: EventType, at_utc: datetime) -> Alert:
    """The alert of one milestone. Its id is the same for the same session, event and instant."""
    sentence = EVENTS[event].words.sentence
    return neutral_alert(subject, event, at_utc, explanation=sentence, message=sentence)


def consent_changed(
    subject: Subject, purpose: Purpose, *, given: bool, told: str, at_utc: datetime, name: str
) -> Alert:
    """The alert of a consent withdrawn or given again. `name`: the purpose in words for staff; `told`: the
    message to the candidate."""
    event = EventType.CONSENT_RENEWED if given else EventType.CONSENT_WITHDRAWN
    sentence = EVENTS[event].words.sentence.format(purpose=name)
    evidence = {"purpose": purpose.value}
    return neutral_alert(subject, event, at_utc, explanation=sentence, message=told, evidence=evidence)


def neutral_alert(
    subject: Subject,
    event: EventType,
    at_utc: datetime,
    *,
    explanation: str,
    message: str,
    evidence: Mapping[str, JsonValue] = MappingProxyType({}),
) -> Alert:
    """An alert of the coordinator itself, for one instant, without severity."""
    identity = alert_id(subject.session_id, event, (at_utc - subject.started_utc).total_seconds())
    return Alert(
        event_id=identity,
        event_type=event,
        event_class=event_class(event),
        severity_score=0.0,
        confidence=1.0,
        exam_session_id=subject.exam_session_id,
        candidate_id=subject.candidate_id,
        exam_id=subject.exam_id,
        onset=at_utc,
        raised=at_utc,
        cleared=at_utc,
        duration=0.0,
        evidence=dict(evidence),
        explanation=explanation,
        metadata=AlertMetadata(
            node=subject.node_id,
            region=subject.region,
            models={},
            device="coordinator",
            policy_version=subject.policy_version,
            degradation_level=0,
            trace_id=trace_id(identity),
        ),
        action_required=Action.NONE,
        message=message,
    )
