"""Groups findings that are close in time into incidents for review. Pure; used by edge and coordinator.

Findings of conduct and identity within `WITHIN_S` of one another form one incident: its severity is their
highest, its evidence all of theirs. Distance is measured between the spans from onset to end. A finding that
begins more than `LONGEST_S` after its incident's first one begins the next incident, so that nobody has to
judge a whole exam at once. The result depends only on the set of findings, not on their order, and a late
finding may join two incidents into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from shared.alerts import Alert
from shared.events.types import Action, EventClass, EventType

WITHIN_S: Final = 10.0
LONGEST_S: Final = 60.0
"""From the first onset of an incident to its last one. A single finding may last longer."""
_GRAVITY = (Action.NONE, Action.WARNING, Action.ESCALATE, Action.AUTO_PAUSE)


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which one finding held, for grouping."""

    alert_id: UUID
    onset: datetime
    raised: datetime
    cleared: datetime | None
    """None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentGroup:
    """Alerts for one person to review together."""

    alerts: tuple[UUID, ...]
    """Sorted by onset, then id. The id of the first one is the incident's."""
    events: tuple[EventType, ...]
    """The event types, each once, in the order of their first onset."""
    begins: datetime
    ends: datetime | None
    """None while any of them lasts."""
    severity: float
    """The highest of its alerts."""
    action: Action
    """The strongest advice."""
    evidence: Mapping[str, Mapping[str, JsonValue]]
    """The evidence of every alert, by alert id."""


def group(alerts: Iterable[Alert], now: datetime) -> list[IncidentGroup]:
    """The incidents of one session, earliest first. Only conduct and identity form incidents.

    Give one alert per `event_id`, its latest revision. An alert that still lasts counts until `now`, or
    until it was raised if that is later.
    """
    alone: dict[UUID, Alert] = {}
    for alert in alerts:
        if alert.event_class in (EventClass.CONDUCT, EventClass.IDENTITY):
            known = alone.get(alert.event_id)
            alone[alert.event_id] = alert if known is None else _newer(known, alert)
    spans = [Span(each.event_id, each.onset, each.raised, each.cleared) for each in alone.values()]
    return [_incident([alone[span.alert_id] for span in spans]) for spans in gather(spans, now)]


def gather(spans: Iterable[Span], now: datetime) -> list[list[Span]]:
    """Group spans of one session's findings, earliest first; each group by onset, then id.

    The rule of `group`, for callers with spans instead of whole alerts.
    """
    groups: list[list[Span]] = []
    reach = datetime.min.replace(tzinfo=UTC)
    for span in sorted(spans, key=lambda span: (span.onset, str(span.alert_id))):
        ends = span.cleared or max(now, span.raised)
        if groups and _belongs(span, groups[-1][0], reach):
            groups[-1].append(span)
            reach = max(reach, ends)
        else:
            groups.append([span])
            reach = ends
    return groups


def _belongs(span: Span, first: Span, reach: datetime) -> bool:
    """Whether a finding joins the incident that began with `first` and lasts until `reach`."""
    near = span.onset <= reach + timedelta(seconds=WITHIN_S)
    return near and span.onset <= first.onset + timedelta(seconds=LONGEST_S)


def _newer(first: Alert, second: Alert) -> Alert:
    """Of two revisions of one alert, the one that has ended; else the longer one."""
    return max(first, second, key=lambda alert: (alert.cleared is not None, alert.duration))


def _incident(alerts: list[Alert]) -> IncidentGroup:
    ends = [alert.cleared for alert in alerts if alert.cleared is not None]
    return IncidentGroup(
        alerts=tuple(alert.event_id for alert in alerts),
        events=tuple(dict.fromkeys(alert.event_type for alert in alerts)),
        begins=alerts[0].onset,
        ends=max(ends) if len(ends) == len(alerts) else None,
        severity=max(alert.severity_score for alert in alerts),
        action=max((alert.action_required for alert in alerts), key=_GRAVITY.index),
        evidence={str(alert.event_id): alert.evidence for alert in alerts},
    )
