"""Incidents in the API's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coordinator.alerts.answers import alert_out
from coordinator.alerts.stored import Stored
from coordinator.incidents.service import FoundIncident
from shared.api.incidents import ActOut, IncidentDetail, IncidentOut
from shared.events.types import Action, EventType

_GRAVITY: Final = (Action.NONE, Action.WARNING, Action.ESCALATE, Action.AUTO_PAUSE)


def incident_out(found: FoundIncident) -> IncidentOut:
    """An incident in the API's form."""
    row = found.incident
    return IncidentOut(
        incident_id=str(row.id),
        exam_session_id=found.session.reference,
        candidate_id=found.candidate.reference,
        exam_id=found.session.exam_reference,
        state=row.state.value,
        severity=row.severity,
        event_types=[EventType(event) for event in row.events],
        alert_count=row.alert_count,
        begins_at=row.begins_utc,
        ends_at=row.ends_utc,
        claimed_by=row.claimed_by,
        claim_expires_at=row.claim_expires_utc,
        decided_at=row.decided_utc,
        effective_at=row.effective_utc,
        changed_at=row.changed_utc,
        merged_into=None if row.merged_into_id is None else str(row.merged_into_id),
    )


def incident_detail(
    found: FoundIncident, stored: Sequence[Stored], technical: Sequence[Stored], history: Sequence[ActOut]
) -> IncidentDetail:
    """An incident with its alerts, the technical trouble around it and its history."""
    actions = [one.alert.action_required for one in stored]
    return IncidentDetail(
        incident=incident_out(found),
        action=max(actions, key=_GRAVITY.index, default=Action.NONE),
        alerts=[alert_out(one) for one in stored],
        technical=[alert_out(one) for one in technical],
        history=list(history),
    )
