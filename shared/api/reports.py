"""Bodies of the REST API about session reports: what was observed, what was decided, what is unknown."""

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
    """One alert without its thumbnail, and the incident it belongs to."""

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
    """Measured values with their thresholds."""
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
    """An incident, and people's acts on it."""

    incident: IncidentOut
    history: list[ActOut]


class SeenWith(Response):
    """The conditions under which alerts were made: one entry per combination, from its first alert."""

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
    """Something that this report cannot know, and why."""

    what: UnknownWhat
    why: str
    begins_at: Utc | None
    """None: the whole session."""
    ends_at: Utc | None
    """None: until the session's end, or not over yet."""
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
    """Number of incidents by state."""
    worst_open_severity: Unit
    """The highest severity of incidents not dismissed; 0 without one."""
    unknown_seconds: dict[UnknownWhat, float]
    """Time in which something was unknown, overlaps counted once."""


class SessionReport(Response):
    """The record of a session. Alerts say what was measured, never what it means."""

    report_schema: Literal["proctor.report/1"]
    made_at: Utc
    final: bool
    """False while the session runs and the report may grow."""
    session: SessionOut
    identity: Literal["enrolled", "unavailable", "not-asked"]
    """Whether there was an enrolled face to compare with, and whether the policy asked for it."""
    policy_sha256: str
    """SHA-256 of the policy in force now, as canonical JSON."""
    policy_changes: list[SessionPolicyChange]
    """While the session ran, oldest first."""
    acknowledged: list[Acknowledged]
    totals: ReportTotals
    findings: list[ReportedAlert]
    technical: list[ReportedAlert]
    acts: list[ReportedAlert]
    """Proctors' acts while it ran."""
    milestones: list[ReportedAlert]
    incidents: list[ReportedIncident]
    seen_with: list[SeenWith]
    unknown: list[Unknown]
    erased_alerts: int
    """Number of alerts whose key was destroyed: they existed, but their content is erased."""
