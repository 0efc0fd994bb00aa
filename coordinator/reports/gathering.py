"""Loads and opens everything stored about one session, for its report. Only reads."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.ground.keyring import Keyring
from coordinator.incidents import service as incidents
from coordinator.incidents.answers import incident_out
from coordinator.incidents.service import FoundIncident
from coordinator.reports.facts import Gathered
from coordinator.reviews import reading_service as reading
from coordinator.reviews.answers import act_out
from coordinator.reviews.effect import in_effect, in_force, without_undone
from coordinator.sessions.answers import session_out
from coordinator.sessions.changing import service as changing
from coordinator.sessions.joining import service as joining
from coordinator.sessions.service import Found
from coordinator.sessions.tables import Acknowledgement
from shared.api.reports import Acknowledged, ReportedIncident


def gather(db: Session, keyring: Keyring, found: Found, now_utc: datetime) -> Gathered:
    """Load everything. Raises `Rejected` (413 `report-too-large`) if there are too many alerts."""
    session = found.session
    count = alerts.count_within_bounds(db, session, "report-too-large")
    stored = alerts.timeline(db, keyring, session)
    grouped = [FoundIncident(row, session, found.candidate) for row in incidents.of_session(db, session)]
    return Gathered(
        session=session_out(found, now_utc),
        policy=session.policy,
        enrolled=session.enrollment_id is not None,
        stored=stored,
        erased=count - len(stored),
        incidents=[_reported(db, keyring, one, now_utc) for one in grouped],
        homes=incidents.homes(db, session),
        acknowledged=[_acknowledged(row) for row in joining.acknowledgements(db, session)],
        policy_changes=changing.policy_changes(db, keyring, session),
    )


def _reported(db: Session, keyring: Keyring, found: FoundIncident, now_utc: datetime) -> ReportedIncident:
    """An incident with the verdict that is in effect. A report leaves the system, so it contains no verdict
    that can still be undone."""
    past, incident = reading.of_incident(db, keyring, found), incident_out(found)
    own = [act.row for act in past if act.row.incident_id == found.incident.id]
    kept, before = without_undone(own), in_effect(own, now_utc)
    pending = {row.id for row in kept[len(before) :]}
    if pending:
        now = in_force(before)
        changes = {"state": now.state.value, "decided_at": now.decided_utc, "effective_at": now.effective_utc}
        incident = incident.model_copy(update=changes)
    history = [act_out(act) for act in past if act.row.id not in pending]
    return ReportedIncident(incident=incident, history=history)


def _acknowledged(row: Acknowledgement) -> Acknowledged:
    return Acknowledged(
        notice_version=row.notice_version,
        language=row.language,
        purposes=list(row.purposes),
        at=row.acknowledged_utc,
    )
