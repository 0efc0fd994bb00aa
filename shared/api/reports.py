"""Bodies of the REST API about session reports: what was observed, what people decided, what nobody knows."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from shared.api.bodies import Response
from shared.api.incidents import ActOut, IncidentOut
from shared.api.sessions import SessionOut, SessionPolicyChange
from shared.events.row import UnknownWhat
from shared.events.types import EventClass, EventType
from shared.fields import Unit, Utc


class ReportedAlert(Response):
    """One alert without its small picture, and the incident it belongs to."""

    event_id: str
    event_type: EventType
    event_class: EventClass
    severity_score: Unit
    confidence: Unit
    onset: Utc
    cleared: Utc | None
    duration: float
    explanation: str
    evidence: dict[str, JsonValue]
    """Measured values beside their thresholds."""
    message: str
    has_thumbnail: bool
    picture: Literal["none", "kept", "erased", "missing"]
    """Whether its small picture can be shown: `erased` with its key, `missing` where it was never kept."""
    incident_id: str | None
    node: str
    device: str
    degradation_level: int
    policy_version: int
    received_at: Utc


class ReportedIncident(Response):
    """An incident, and what people did about it."""

    incident: IncidentOut
    history: list[ActOut]


class SeenWith(Response):
    """Under which conditions alerts were made: one entry per combination, by its first alert."""

    node: str
    region: str
    device: str
    degradation_level: int
    models: dict[str, str]
    """Network per task as `name@version`."""
    policy_version: int
    first_at: Utc
    last_at: Utc
    alerts: int


class Unknown(Response):
    """Something this report cannot know, and why."""

    what: UnknownWhat
    why: str
    begins_at: Utc | None
    """None: the whole session."""
    ends_at: Utc | None
    """None: to the session's end, or not over yet."""
    event_id: str | None


class Acknowledged(Response):
    notice_version: str
    language: str
    purposes: list[str]
    at: Utc


class ReportTotals(Response):
    findings: int
    """Alerts of conduct and identity."""
    technical: int
    incidents: dict[str, int]
    """By state."""
    worst_open_severity: Unit
    """Of incidents that nobody dismissed; 0 without one."""
    unknown_seconds: dict[UnknownWhat, float]
    """Time in which something was unknown, overlaps counted once."""


class SessionReport(Response):
    """A session as far as it is recorded. Alerts say what was measured, never what it means."""

    report_schema: Literal["proctor.report/1"]
    made_at: Utc
    final: bool
    """False while the session runs: more may come."""
    session: SessionOut
    identity: Literal["enrolled", "unavailable", "not-asked"]
    """Whether there was an enrolled face to compare with, and whether the policy asked for it."""
    policy_sha256: str
    """Of the policy in force now, as canonical JSON."""
    policy_changes: list[SessionPolicyChange]
    """While the session ran, oldest first."""
    acknowledged: list[Acknowledged]
    totals: ReportTotals
    findings: list[ReportedAlert]
    technical: list[ReportedAlert]
    acts: list[ReportedAlert]
    """What proctors did while it ran."""
    milestones: list[ReportedAlert]
    incidents: list[ReportedIncident]
    seen_with: list[SeenWith]
    unknown: list[Unknown]
    erased_alerts: int
    """Alerts whose key was destroyed: that they were is known, not what they said."""
