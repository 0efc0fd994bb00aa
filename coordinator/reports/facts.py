"""Makes a session's report from the stored data. Pure.

It repeats the alerts with values, thresholds and conditions, lists technical events separately, adds people's
decisions, and names what is unknown. It draws no conclusion and computes no overall judgement.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coordinator.alerts.stored import Stored
from coordinator.incidents.states import State
from coordinator.reports.gaps import Circumstances, Identity, unknown_seconds, unknowns
from shared.api.reports import (
    Acknowledged,
    ReportedAlert,
    ReportedIncident,
    ReportTotals,
    SeenWith,
    SessionReport,
    Unknown,
)
from shared.api.sessions import SessionOut, SessionPolicyChange
from shared.canonical import canonical_json
from shared.events.types import EventClass
from shared.policy.schema import Policy

_SUSPICIONS: Final = (EventClass.CONDUCT, EventClass.IDENTITY)
_EXPLAINED: Final = (State.DISMISSED, State.OVERTURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A session with everything that is stored about it."""

    session: SessionOut
    policy: Mapping[str, Any]
    """The stored policy, without the candidate's accommodation."""
    enrolled: bool
    stored: Sequence[Stored]
    """By onset, without those with a destroyed key."""
    erased: int
    incidents: Sequence[ReportedIncident]
    homes: Mapping[UUID, UUID]
    """The incident of each alert that has one."""
    acknowledged: Sequence[Acknowledged]
    policy_changes: Sequence[SessionPolicyChange]


def report(gathered: Gathered, now_utc: datetime) -> SessionReport:
    """The report at this instant."""
    session = gathered.session
    policy = Policy.model_validate(gathered.policy)
    identity = identity_of(gathered, policy)
    around = Circumstances(
        policy=policy,
        identity=identity,
        over=session.status != "active",
        watched=any(not _own(one) for one in gathered.stored),
        acknowledged=bool(gathered.acknowledged),
        erased=gathered.erased,
    )
    unknown = unknowns([one.alert for one in gathered.stored], around)
    by_class = {kind: [_reported(gathered, one) for one in _of(gathered, kind)] for kind in EventClass}
    return SessionReport(
        report_schema="proctor.report/1",
        made_at=now_utc,
        final=around.over,
        session=session,
        identity=identity,
        policy_sha256=policy_sha256(gathered),
        policy_changes=list(gathered.policy_changes),
        acknowledged=list(gathered.acknowledged),
        totals=_totals(gathered, unknown, ends_utc(gathered, now_utc)),
        findings=sorted(
            by_class[EventClass.CONDUCT] + by_class[EventClass.IDENTITY], key=lambda one: one.onset
        ),
        technical=by_class[EventClass.TECHNICAL],
        acts=by_class[EventClass.PROCTOR],
        milestones=by_class[EventClass.MILESTONE],
        incidents=list(gathered.incidents),
        seen_with=seen_with(gathered.stored),
        unknown=unknown,
        erased_alerts=gathered.erased,
    )


def identity_of(gathered: Gathered, policy: Policy) -> Identity:
    """Whether the session had an enrolled face to compare with."""
    if not policy.features.face_verification:
        return "not-asked"
    return "enrolled" if gathered.enrolled else "unavailable"


def policy_sha256(gathered: Gathered) -> str:
    """The hash of the session's policy as canonical JSON, without the candidate's accommodation."""
    return hashlib.sha256(canonical_json(dict(gathered.policy))).hexdigest()


def ends_utc(gathered: Gathered, now_utc: datetime) -> datetime:
    """The end of the session's time: its end, its expiry, or now."""
    session = gathered.session
    return min(session.ended_at or session.session_expires_at, now_utc)


def seen_with(stored: Iterable[Stored]) -> list[SeenWith]:
    """Each combination of node, device, level, networks and policy under which a node raised alerts."""
    groups: dict[tuple[object, ...], list[Stored]] = {}
    for one in stored:
        if not _own(one):
            groups.setdefault(_conditions(one), []).append(one)
    return [_seen(group) for group in groups.values()]


def _conditions(stored: Stored) -> tuple[object, ...]:
    made = stored.alert.metadata
    networks = tuple(sorted(made.models.items()))
    return made.node, made.region, made.device, made.degradation_level, networks, made.policy_version


def _seen(group: list[Stored]) -> SeenWith:
    made = group[0].alert.metadata
    return SeenWith(
        node=str(made.node),
        region=made.region,
        device=made.device,
        degradation_level=made.degradation_level,
        models=dict(made.models),
        policy_version=made.policy_version,
        first_at=min(one.alert.onset for one in group),
        last_at=max(one.alert.raised for one in group),
        alerts=len(group),
    )


def _own(stored: Stored) -> bool:
    """Whether the coordinator itself wrote the alert: milestones and proctors' acts name no network."""
    return stored.alert.metadata.device == "coordinator"


def _of(gathered: Gathered, kind: EventClass) -> list[Stored]:
    return [one for one in gathered.stored if one.alert.event_class is kind]


def _reported(gathered: Gathered, stored: Stored) -> ReportedAlert:
    alert, made = stored.alert, stored.alert.metadata
    home = gathered.homes.get(alert.event_id)
    return ReportedAlert(
        event_id=str(alert.event_id),
        event_type=alert.event_type,
        event_class=alert.event_class,
        severity_score=alert.severity_score,
        confidence=alert.confidence,
        onset=alert.onset,
        cleared=alert.cleared,
        duration=alert.duration,
        explanation=alert.explanation,
        evidence=dict(alert.evidence),
        message=alert.message,
        has_thumbnail=stored.jpeg is not None,
        picture=stored.picture.value,
        incident_id=str(home) if home else None,
        node=str(made.node),
        device=made.device,
        degradation_level=made.degradation_level,
        policy_version=made.policy_version,
        received_at=stored.received_utc,
    )


def _totals(gathered: Gathered, unknown: list[Unknown], until_utc: datetime) -> ReportTotals:
    states = Counter(one.incident.state for one in gathered.incidents)
    unexplained = (one.incident for one in gathered.incidents if one.incident.state not in _EXPLAINED)
    classes = Counter(one.alert.event_class for one in gathered.stored)
    return ReportTotals(
        findings=sum(classes[kind] for kind in _SUSPICIONS),
        technical=classes[EventClass.TECHNICAL],
        incidents=dict(sorted(states.items())),
        worst_open_severity=max((incident.severity for incident in unexplained), default=0.0),
        unknown_seconds=unknown_seconds(unknown, until_utc),
    )
