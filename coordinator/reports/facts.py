"""A session's report out of what is stored about it. Pure.

It repeats what alerts say with values, thresholds and conditions, sets technical trouble apart, adds what
people decided, and names what is unknown. It draws no conclusion and adds nothing up to a judgement.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from coordinator.alerts.service import Stored
from coordinator.incidents.answers import incident_out
from coordinator.incidents.states import State
from coordinator.reports.gather_service import Gathered
from coordinator.reports.unknowns import Circumstances, Identity, unknown_seconds, unknowns
from coordinator.reviews.answers import act_out
from coordinator.sessions.answers import session_out
from coordinator.sessions.tables import Acknowledgement
from shared.api.reports import (
    Acknowledged,
    ReportedAlert,
    ReportedIncident,
    ReportTotals,
    SeenWith,
    SessionReport,
    Unknown,
)
from shared.canonical import canonical_json
from shared.events.types import EventClass
from shared.policy.schema import Policy

_SUSPICIONS: Final = (EventClass.CONDUCT, EventClass.IDENTITY)
_EXPLAINED: Final = (State.DISMISSED, State.OVERTURNED)


def report(gathered: Gathered, now_utc: datetime) -> SessionReport:
    """The report as it stands at this instant."""
    session = session_out(gathered.found, now_utc)
    policy = Policy.model_validate(gathered.found.session.policy)
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
        acknowledged=[_acknowledged(row) for row in gathered.acknowledged],
        totals=_totals(gathered, unknown, ends_utc(gathered, now_utc)),
        findings=sorted(
            by_class[EventClass.CONDUCT] + by_class[EventClass.IDENTITY], key=lambda one: one.onset
        ),
        technical=by_class[EventClass.TECHNICAL],
        acts=by_class[EventClass.PROCTOR],
        milestones=by_class[EventClass.MILESTONE],
        incidents=[
            ReportedIncident(incident=incident_out(row), history=[act_out(act) for act in acts])
            for row, acts in gathered.incidents
        ],
        seen_with=seen_with(gathered.stored),
        unknown=unknown,
        erased_alerts=gathered.erased,
    )


def identity_of(gathered: Gathered, policy: Policy) -> Identity:
    """Whether the session had an enrolled face to compare with."""
    if not policy.features.face_verification:
        return "not-asked"
    return "enrolled" if gathered.found.session.enrollment_id is not None else "unavailable"


def policy_sha256(gathered: Gathered) -> str:
    """The hash of the session's policy as canonical JSON; what is agreed with the candidate is no part."""
    return hashlib.sha256(canonical_json(gathered.found.session.policy)).hexdigest()


def ends_utc(gathered: Gathered, now_utc: datetime) -> datetime:
    """Where the session's time ends: its end, its expiry, or now."""
    session = gathered.found.session
    return min(session.ended_utc or session.expires_utc, now_utc)


def seen_with(stored: Iterable[Stored]) -> list[SeenWith]:
    """Each combination of node, device, level, networks and policy that alerts of a node were made under."""
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
    """Whether the coordinator itself wrote it: its milestones and proctors' acts name no network."""
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
        has_thumbnail=alert.evidence_thumbnail is not None,
        incident_id=str(home) if home else None,
        node=str(made.node),
        device=made.device,
        degradation_level=made.degradation_level,
        policy_version=made.policy_version,
        received_at=stored.received_utc,
    )


def _acknowledged(row: Acknowledgement) -> Acknowledged:
    return Acknowledged(
        notice_version=row.notice_version,
        language=row.language,
        purposes=list(row.purposes),
        at=row.acknowledged_utc,
    )


def _totals(gathered: Gathered, unknown: list[Unknown], until_utc: datetime) -> ReportTotals:
    rows = [found.incident for found, _ in gathered.incidents]
    classes = Counter(one.alert.event_class for one in gathered.stored)
    return ReportTotals(
        findings=sum(classes[kind] for kind in _SUSPICIONS),
        technical=classes[EventClass.TECHNICAL],
        incidents=dict(sorted(Counter(row.state.value for row in rows).items())),
        worst_open_severity=max((row.severity for row in rows if row.state not in _EXPLAINED), default=0.0),
        unknown_seconds=unknown_seconds(unknown, until_utc),
    )
