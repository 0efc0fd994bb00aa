"""Everything that is stored about one session, opened for its report. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, func, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.incidents import service as incidents
from coordinator.incidents.service import FoundIncident
from coordinator.keyring import Keyring
from coordinator.reviews import service as reviews
from coordinator.reviews.service import PastAct
from coordinator.sessions.changes_service import policy_changes
from coordinator.sessions.service import Found
from coordinator.sessions.tables import Acknowledgement, ExamSession
from shared.errors import Rejected
from shared.session_api import SessionPolicyChange

MAX_ALERTS: Final = 5_000
MAX_ALERT_BYTES: Final = 64 * 1_048_576
"""Of one session in one report or bundle, small pictures included: some 1,400 with a full one."""


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
    count = _checked_count(db, session)
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


def _checked_count(db: Session, session: ExamSession) -> int:
    wanted = select(func.count(), func.coalesce(func.sum(func.length(StoredAlert.body_sealed)), 0)).where(
        StoredAlert.tenant_id == session.tenant_id, StoredAlert.session_id == session.id
    )
    count, size_bytes = db.exec(wanted).one()
    if count > MAX_ALERTS or size_bytes > MAX_ALERT_BYTES:
        raise Rejected(
            f"the session has {count} alerts of {size_bytes} bytes, more than a report holds "
            f"({MAX_ALERTS}, {MAX_ALERT_BYTES} bytes); read them from /alerts instead",
            code="report-too-large",
            status=413,
        )
    return count
