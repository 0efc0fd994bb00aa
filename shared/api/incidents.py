"""Bodies of the REST API about incidents, their review and proctors' interventions."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from shared.api.alerts import AlertOut
from shared.api.bodies import Request, Response
from shared.events.types import Action, EventType
from shared.fields import Count, Text, Unit, Utc, Words

IncidentState = Literal[
    "open", "seconding", "confirmed", "dismissed", "appealed", "upheld", "overturned", "merged"
]
DismissReasonName = Literal["false-detection", "allowed", "harmless", "technical", "other"]


class IncidentOut(Response):
    incident_id: str
    exam_session_id: str
    candidate_id: str
    exam_id: str
    state: IncidentState
    severity: Unit
    """The highest severity of its alerts."""
    event_types: list[EventType]
    alert_count: int
    begins_at: Utc
    ends_at: Utc | None
    """None while any of its alerts lasts."""
    claimed_by: str | None
    claim_expires_at: Utc | None
    decided_at: Utc | None
    effective_at: Utc | None = None
    """When the latest verdict or first confirmation takes effect. Until then its reviewer can undo it, and
    nobody outside the review is told. None: it is in effect, or there is none."""
    changed_at: Utc | None
    """When an alert was added after a person's verdict."""
    merged_into: str | None


class IncidentPage(Response):
    items: list[IncidentOut]
    next_cursor: str | None


class ActOut(Response):
    """One act of a person on an incident."""

    incident_id: str
    """The id of another incident when the act was done before that one was merged into this one."""
    act: Literal[
        "claim", "release", "comment", "confirm", "dismiss", "reopen", "undo", "appeal", "uphold", "overturn"
    ]
    by: str
    role: str
    at: Utc
    reason: DismissReasonName | None
    text: str | None
    state: IncidentState
    """The state after the act."""
    findings: list[str] = []
    """The event_ids that a confirmation or dismissal is about."""


class IncidentDetail(Response):
    """An incident with everything a person needs to decide."""

    incident: IncidentOut
    action: Action
    """The strongest advice of its alerts."""
    alerts: list[AlertOut]
    technical: list[AlertOut]
    """Technical alerts of the session within 30 seconds of it, which may explain it: the first 50."""
    history: list[ActOut]


class CommentRequest(Request):
    text: Words


class VerdictRequest(Request):
    alert_count: Annotated[Count, Field(ge=1)] | None = None
    """The incident's number of alerts, as shown to the reviewer. If there are more by now, the verdict is
    refused (409 `incident-grown`). If left out, the verdict applies to all alerts so far."""


class FindingsRequest(VerdictRequest):
    findings: Annotated[frozenset[UUID], Field(min_length=1, max_length=200)] | None = None
    """The event_ids of the incident's alerts that the verdict is about; the precision of rules counts only
    these. If left out: all of them. A second confirmation confirms only alerts that the first one did."""


class ConfirmRequest(FindingsRequest):
    text: Text = ""


class DismissRequest(FindingsRequest):
    reason: DismissReasonName
    text: Text = ""
    """Required when the reason is `other`."""


class AppealRequest(Request):
    text: Words
    """The candidate's view of the incident."""


class AppealDecision(VerdictRequest):
    decision: Literal["uphold", "overturn"]
    text: Words


class RulePrecision(Response):
    """How often people confirmed one kind of event, among findings with a verdict in effect."""

    event_type: EventType
    confirmed: int
    dismissed: int
    decided: int
    precision: float | None
    """confirmed ÷ decided; None while none is decided."""


class OutcomeOut(Response):
    """What a candidate sees of one incident, without score, threshold and reviewer's name."""

    incident_id: str
    begins_at: Utc
    ends_at: Utc | None
    observed: list[str]
    """What was noticed, by its neutral name: `More than one face`."""
    outcome: Literal["confirmed", "dismissed", "appealed", "upheld", "overturned", "reopened"]
    """`reopened`: an earlier decision that the candidate was told has been taken back."""
    explanation: str
    may_appeal: bool


class OutcomesOut(Response):
    session_id: str
    items: list[OutcomeOut]


class RescoreRequest(Request):
    policy: Annotated[dict[str, JsonValue], Field(max_length=50)]
    """A complete policy (`shared.policy.schema`)."""


class RescoredAlert(Response):
    event_id: str
    event_type: EventType
    original: Unit
    rescored: Unit
    would_be_raised: bool
    """Whether the policy watches this event and the event lasted long enough."""


class RescoredIncident(Response):
    incident_id: str
    original: Unit
    rescored: Unit


class RescoreOut(Response):
    """Severities under another policy, with the original ones. Nothing is stored."""

    session_id: str
    alerts: list[RescoredAlert]
    incidents: list[RescoredIncident]


class MessageRequest(Request):
    message: Annotated[Words, Field(max_length=500)]
    """Shown to the candidate unchanged."""


class InterventionRequest(Request):
    reason: Words
    """Recorded; not shown to the candidate."""


class ExtraTimeRequest(InterventionRequest):
    minutes: Annotated[Count, Field(ge=1, le=600)]


class InterventionOut(Response):
    """The recorded intervention."""

    event_id: str
    event_type: EventType
    session_id: str
    at: Utc
    by: str
    told_candidate: bool
    """Whether a message was sent to the candidate's open sockets, if any."""
