"""Bodies of the REST API about incidents, their review and what a proctor does to a running session."""

from __future__ import annotations

from typing import Annotated, Literal

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
    """The worst of its alerts."""
    event_types: list[EventType]
    alert_count: int
    begins_at: Utc
    ends_at: Utc | None
    """None while any of its alerts lasts."""
    claimed_by: str | None
    claim_expires_at: Utc | None
    decided_at: Utc | None
    changed_at: Utc | None
    """Something came to it then, after a person's verdict."""
    merged_into: str | None


class IncidentPage(Response):
    items: list[IncidentOut]
    next_cursor: str | None


class ActOut(Response):
    """One thing a person did about an incident."""

    incident_id: str
    """Another one's, when it was done before that became part of this one."""
    act: Literal[
        "claim", "release", "comment", "confirm", "dismiss", "reopen", "appeal", "uphold", "overturn"
    ]
    by: str
    role: str
    at: Utc
    reason: DismissReasonName | None
    text: str | None
    state: IncidentState
    """Afterwards."""


class IncidentDetail(Response):
    """An incident with all a person needs to judge it."""

    incident: IncidentOut
    action: Action
    """The gravest advice of its alerts."""
    alerts: list[AlertOut]
    technical: list[AlertOut]
    """Technical trouble of its session within 30 seconds of it, which may explain it: the first 50."""
    history: list[ActOut]


class CommentRequest(Request):
    text: Words


class VerdictRequest(Request):
    alert_count: Annotated[Count, Field(ge=1)] | None = None
    """How many alerts the reviewer was shown, as the incident said. Where there are more by now, the verdict
    is refused (409 `incident-grown`); left out, it counts for whatever has come."""


class ConfirmRequest(VerdictRequest):
    text: Text = ""


class DismissRequest(VerdictRequest):
    reason: DismissReasonName
    text: Text = ""
    """Needed where the reason is `other`."""


class AppealRequest(Request):
    text: Words
    """Why the candidate sees it otherwise."""


class AppealDecision(VerdictRequest):
    decision: Literal["uphold", "overturn"]
    text: Words


class RulePrecision(Response):
    """How often people agreed with one kind of event, among incidents that have a verdict."""

    event_type: EventType
    confirmed: int
    dismissed: int
    decided: int
    precision: float | None
    """confirmed ÷ decided; None while nothing is decided."""


class OutcomeOut(Response):
    """What a candidate is told of one incident: no score, no threshold, no name of a reviewer."""

    incident_id: str
    begins_at: Utc
    ends_at: Utc | None
    observed: list[str]
    """What was seen, in the words the candidate would have been shown."""
    outcome: Literal["confirmed", "dismissed", "appealed", "upheld", "overturned"]
    explanation: str
    may_appeal: bool


class OutcomesOut(Response):
    session_id: str
    items: list[OutcomeOut]


class RescoreRequest(Request):
    policy: Annotated[dict[str, JsonValue], Field(max_length=50)]
    """A whole policy (`shared.policy.schema`)."""


class RescoredAlert(Response):
    event_id: str
    event_type: EventType
    original: Unit
    rescored: Unit
    would_be_raised: bool
    """Whether the policy asks for this event and it lasted as long as that takes."""


class RescoredIncident(Response):
    incident_id: str
    original: Unit
    rescored: Unit


class RescoreOut(Response):
    """Severities under another policy beside the original ones; nothing of it is stored."""

    session_id: str
    alerts: list[RescoredAlert]
    incidents: list[RescoredIncident]


class MessageRequest(Request):
    message: Annotated[Words, Field(max_length=500)]
    """Shown to the candidate as it stands."""


class InterventionRequest(Request):
    reason: Words
    """For the record; the candidate is not shown it."""


class ExtraTimeRequest(InterventionRequest):
    minutes: Annotated[Count, Field(ge=1, le=600)]


class InterventionOut(Response):
    """What was recorded."""

    event_id: str
    event_type: EventType
    session_id: str
    at: Utc
    by: str
    told_candidate: bool
    """Whether the candidate's sockets, if any were open, were sent a message."""
