"""Writes the alert of a finding. Pure: wall time comes from the session's start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from edge.judging.explanations import explain, message
from edge.rules.findings import Finding, Phase
from shared.alerts import Alert, AlertMetadata, alert_id
from shared.events.table import event_class
from shared.events.types import Action, EventClass
from shared.evidence import Picture, onset_picture
from shared.excerpts import Excerpt
from shared.fields import format_utc
from shared.policy.schema import Policy
from shared.severity import severity_of
from shared.traces.spans import trace_id

INSTANTS = frozenset({"last_seen_pose", "last_passed_check"})
"""Evidence that is a time on the session clock; an alert carries it as UTC."""
RAISED_REVISION = 1
CLEARED_REVISION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSession:
    """The constant parts of a session's alerts: candidate, policy, node and networks."""

    session_id: UUID
    """Internal id."""
    exam_session_id: str
    candidate_id: str
    exam_id: str
    policy: Policy
    started_utc: datetime
    """The session clock's zero."""
    node_id: UUID
    region: str
    models: Mapping[str, str]
    """Network per task as `name@version`."""
    device: Callable[[], str]
    """The device that is verifiably in use now; networks may move to another one during a session."""

    def utc(self, at_s: float) -> datetime:
        """Convert a time on the session clock to UTC."""
        return self.started_utc + timedelta(seconds=at_s)


@dataclass(frozen=True, slots=True)
class AlertRevision:
    """One revision of an alert: 1 when raised, 2 when cleared."""

    alert: Alert
    revision: int
    excerpt: Excerpt | None = None
    """The spoken words, sealed separately before the alert."""
    pictures: tuple[Picture, ...] = ()
    """The pictures the alert names, sealed beside it. Only with revision 1: it comes before revision 2 in the
    same lane, the outbox keeps both, and the receiver keeps the picture."""


def write_alert(
    session: WatchedSession, finding: Finding, *, level: int, jpeg: bytes | None = None
) -> AlertRevision:
    """The alert of one finding; the same finding always gives the same alert.

    `jpeg` is the picture of its onset. Revision 2 repeats everything else, because receivers keep only the
    last revision.
    """
    event = finding.event
    identity = alert_id(session.session_id, event, finding.onset_s)
    cleared = finding.phase is Phase.CLEARED
    pictures = () if jpeg is None else (onset_picture(identity, jpeg),)
    alert = Alert(
        event_id=identity,
        event_type=event,
        event_class=event_class(event),
        severity_score=gravity(session.policy, finding),
        confidence=finding.confidence,
        exam_session_id=session.exam_session_id,
        candidate_id=session.candidate_id,
        exam_id=session.exam_id,
        onset=session.utc(finding.onset_s),
        raised=session.utc(finding.raised_s),
        cleared=session.utc(finding.at_s) if cleared else None,
        duration=round(finding.lasted_s, 3),
        evidence=_evidence(session, finding),
        evidence_pictures=tuple(picture.ref for picture in pictures),
        explanation=explain(finding),
        metadata=AlertMetadata(
            node=session.node_id,
            region=session.region,
            models=dict(session.models),
            device=session.device(),
            policy_version=session.policy.version,
            degradation_level=level,
            trace_id=trace_id(identity),
        ),
        action_required=_advice(session.policy, finding),
        message=message(finding),
    )
    if cleared:
        return AlertRevision(alert, CLEARED_REVISION)
    return AlertRevision(alert, RAISED_REVISION, pictures=pictures)


def gravity(policy: Policy, finding: Finding) -> float:
    """A finding's severity 0…1 under a policy; 0 for a milestone.

    Conditions that held together give 1 − (1 − a)(1 − b): more than each, never more than 1.
    """
    if event_class(finding.event) is EventClass.MILESTONE:
        return 0.0
    rule = policy.rule(finding.event)
    base = rule.severity
    if finding.together_with is not None:
        base = 1.0 - (1.0 - base) * (1.0 - policy.rule(finding.together_with).severity)
    lasted_s = finding.lasted_s
    return severity_of(base, confidence=finding.confidence, duration_s=lasted_s, hold_s=rule.hold_s)


def _advice(policy: Policy, finding: Finding) -> Action:
    if event_class(finding.event) is EventClass.MILESTONE:
        return Action.NONE
    return policy.rule(finding.event).action


def _evidence(session: WatchedSession, finding: Finding) -> dict[str, JsonValue]:
    """The finding's values as JSON; unknown ones are left out."""
    evidence: dict[str, JsonValue] = {}
    for name, value in finding.evidence.items():
        if name in INSTANTS and isinstance(value, int | float):
            evidence[name] = format_utc(session.utc(value))
        elif isinstance(value, list):
            evidence[name] = [*value]
        elif value is not None:
            evidence[name] = value
    if finding.together_with is not None:
        evidence["together_with"] = finding.together_with.value
    return evidence
