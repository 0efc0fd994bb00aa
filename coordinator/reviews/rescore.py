"""Computes severities of stored alerts under another policy. Pure; stores nothing.

The same formula as on the node (`shared.severity`): base and hold from the policy's rule, confidence and
duration from the alert. Findings that only a lower threshold would have raised are not in the alerts; they
need a new analysis of the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from shared.alerts import Alert
from shared.api.incidents import RescoredAlert, RescoredIncident
from shared.events.types import EventClass, EventType
from shared.policy.schema import Policy
from shared.severity import severity_of

_ROUNDING_S: Final = 0.001
"""Alerts have their duration in milliseconds."""
_JUDGED: Final = (EventClass.CONDUCT, EventClass.IDENTITY)


def rescored(alert: Alert, policy: Policy) -> RescoredAlert:
    """One alert under this policy; without severity if the policy does not raise it at all."""
    rule = policy.rule(alert.event_type)
    raised = rule.enabled and alert.duration >= rule.hold_s - _ROUNDING_S
    now = 0.0
    if raised:
        base = _base(alert, policy)
        now = severity_of(base, confidence=alert.confidence, duration_s=alert.duration, hold_s=rule.hold_s)
    return RescoredAlert(
        event_id=str(alert.event_id),
        event_type=alert.event_type,
        original=alert.severity_score,
        rescored=now,
        would_be_raised=raised,
    )


def rescored_session(alerts: Iterable[Alert], policy: Policy) -> list[RescoredAlert]:
    """Every alert of a session that has a severity."""
    return [rescored(alert, policy) for alert in alerts if alert.event_class in _JUDGED]


def rescored_incidents(alerts: Iterable[RescoredAlert], homes: Mapping[UUID, UUID]) -> list[RescoredIncident]:
    """The highest severity of each incident's alerts, before and after; `homes` maps alerts to incidents."""
    found: dict[UUID, list[RescoredAlert]] = {}
    for alert in alerts:
        if (home := homes.get(UUID(alert.event_id))) is not None:
            found.setdefault(home, []).append(alert)
    return [
        RescoredIncident(
            incident_id=str(incident_id),
            original=max(one.original for one in members),
            rescored=max(one.rescored for one in members),
        )
        for incident_id, members in found.items()
    ]


def _base(alert: Alert, policy: Policy) -> float:
    base = policy.rule(alert.event_type).severity
    together = alert.evidence.get("together_with")
    if isinstance(together, str) and together in EventType.__members__:
        # Two conditions in one finding: 1 − (1 − a)(1 − b), as on the node.
        base = 1.0 - (1.0 - base) * (1.0 - policy.rule(EventType(together)).severity)
    return base
