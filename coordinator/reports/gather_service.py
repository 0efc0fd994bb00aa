"""Everything that is stored about one session, opened for its report. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Stored
from coordinator.ground.keyring import Keyring
from coordinator.incidents import service as incidents
from coordinator.incidents.service import FoundIncident
from coordinator.reviews import service as reviews
from coordinator.reviews.service import PastAct
from coordinator.sessions.changing.service import policy_changes
from coordinator.sessions.service import Found
from coordinator.sessions.tables import Acknowledgement
from shared.api.sessions import SessionPolicyChange


@dataclass(frozen=True, slots=True)
class Gathered:
    """A session with all that is known about it."""

    found: Found
    stored: Sequence[Stored]
    """By onset; without those whose key was destroyed."""
    erased: int
    incidents: Sequence[tuple[FoundIncident, Sequence[PastAct]]]
    homes: dict[UUID, UUID]
    """The incident of each alert that has one."""
    acknowledged: Sequence[Acknowledgement]
    policy_changes: Sequence[SessionPolicyChange]


def gather(db: Session, keyring: Keyring, found: Found) -> Gathered:
    """All of it. Raises `Rejected` (413 `report-too-large`) for more alerts than it may hold."""
    session = found.session
    count = alerts.count_within_bounds(db, session, "report-too-large")
    stored = alerts.timeline(db, keyring, session)
    rows = [FoundIncident(row, session, found.candidate) for row in incidents.of_session(db, session)]
    acknowledged = db.exec(
        select(Acknowledgement)
        .where(Acknowledgement.session_id == session.id)
        .order_by(col(Acknowledgement.acknowledged_utc))
    ).all()
    return Gathered(
        found=found,
        stored=stored,
        erased=count - len(stored),
        incidents=[(row, reviews.history(db, keyring, row)) for row in rows],
        homes=incidents.homes(db, session),
        acknowledged=acknowledged,
        policy_changes=policy_changes(db, keyring, session),
    )
