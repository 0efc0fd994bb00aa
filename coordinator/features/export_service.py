"""Reads what was logged in an exam, with people's verdicts as labels. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts.tables import StoredAlert
from coordinator.features import service as features
from coordinator.features.table import Label, Logged
from coordinator.features.tables import FeatureBatch
from coordinator.ground.keyring import Keyring
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.reviews.tables import VerdictFinding
from coordinator.sessions.tables import ExamSession

_JUDGED: Final = {
    State.CONFIRMED: True,
    State.UPHELD: True,
    State.DISMISSED: False,
    State.OVERTURNED: False,
}
"""Whether the findings of an incident in this state count as confirmed; in any other they have no label."""


def sessions_of(db: Session, tenant_id: UUID, exam: str) -> Sequence[UUID]:
    """The sessions of an exam of which something is logged, in no order; without those of candidates who have
    withdrawn, of whom a hold keeps it."""
    logged = select(FeatureBatch.session_id).where(FeatureBatch.tenant_id == tenant_id).distinct()
    wanted = select(ExamSession.id, ExamSession.candidate_id).where(
        ExamSession.tenant_id == tenant_id,
        ExamSession.exam_reference == exam,
        col(ExamSession.erased_utc).is_(None),
        col(ExamSession.id).in_(logged),
    )
    found = db.exec(wanted).all()
    withdrawn = features.withdrawn_of(db, {candidate_id for _, candidate_id in found})
    return [row_id for row_id, candidate_id in found if exam not in withdrawn.get(candidate_id, {})]


def logged(db: Session, keyring: Keyring, session_id: UUID, now_utc: datetime) -> Logged:
    """The log of one session; of several nodes' vectors of a window, the first counts."""
    session = db.get_one(ExamSession, session_id)
    found = features.logged_of(db, keyring, session_id)
    vectors = {one.window: one for batch in reversed(found) for one in batch.vectors}
    zero_utc = found[0].zero_utc if found else session.started_utc
    labels = _labels(db, session, zero_utc, now_utc)
    return Logged(session.candidate_id, session.id, tuple(vectors.values()), labels)


def _labels(db: Session, session: ExamSession, zero_utc: datetime, now_utc: datetime) -> list[Label]:
    wanted = (
        select(Incident, StoredAlert)
        .join(VerdictFinding, col(VerdictFinding.act_id) == col(Incident.verdict_id))
        .join(StoredAlert, col(StoredAlert.id) == col(VerdictFinding.alert_id))
        .where(Incident.session_id == session.id)
    )
    over_utc = session.ended_utc or now_utc

    def label(incident: Incident, alert: StoredAlert) -> Label:
        return Label(
            event=alert.event_type,
            confirmed=_JUDGED[incident.state],
            begins_s=(alert.onset_utc - zero_utc).total_seconds(),
            ends_s=((alert.cleared_utc or over_utc) - zero_utc).total_seconds(),
        )

    return [
        label(incident, alert)
        for incident, alert in db.exec(wanted)
        if incident.state in _JUDGED and (incident.effective_utc is None or incident.effective_utc <= now_utc)
    ]
