"""Reads acts on incidents back: their history, their texts, what verdicts are about. Only reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from coordinator.alerts.tables import StoredAlert
from coordinator.candidates.tables import Candidate
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.incidents.service import FoundIncident
from coordinator.incidents.states import VERDICTS, Decision, State
from coordinator.incidents.tables import Incident
from coordinator.keys.tables import Key
from coordinator.reviews.effect import Told, told
from coordinator.reviews.states import FINDS
from coordinator.reviews.tables import ReviewAct, VerdictFinding
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventType


@dataclass(frozen=True, slots=True)
class OpenedAct:
    """An act with what it is about; only acts whose session's data still has its key."""

    row: ReviewAct
    session: ExamSession
    candidate: Candidate
    text: str | None
    findings: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PastAct:
    """A past act with its text; None if there is no text or its key was destroyed."""

    row: ReviewAct
    text: str | None
    findings: tuple[UUID, ...] = ()
    """What a verdict is about."""


def of_incident(db: Session, keyring: Keyring, found: FoundIncident) -> list[PastAct]:
    """All acts on an incident and on those merged into it, oldest first."""
    key, rows = db.get_one(Key, found.session.data_key_id), acts_on(db, found.incident)
    about = findings_of(db, [row.id for row in rows if row.act in FINDS])
    return [PastAct(row, _text(keyring, key, row), tuple(about.get(row.id, ()))) for row in rows]


def opened_acts(db: Session, keyring: Keyring, act_ids: Collection[UUID]) -> dict[UUID, OpenedAct]:
    """These acts, without those of sessions whose key was destroyed."""
    if not act_ids:
        return {}
    wanted = (
        select(ReviewAct, ExamSession, Candidate, Key)
        .join(Incident, col(Incident.id) == col(ReviewAct.incident_id))
        .join(ExamSession, col(ExamSession.id) == col(Incident.session_id))
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Key, col(Key.id) == col(ExamSession.data_key_id))
        .where(col(ReviewAct.id).in_(act_ids), col(Key.wrapped).is_not(None))
    )
    about = findings_of(db, list(act_ids))
    return {
        row.id: OpenedAct(row, session, candidate, _text(keyring, key, row), tuple(about.get(row.id, ())))
        for row, session, candidate, key in db.exec(wanted)
    }


def told_of_session(db: Session, session: ExamSession, now_utc: datetime) -> dict[UUID, Told]:
    """What the candidate may be told, by incident. Incidents without a verdict in effect are left out."""
    wanted = (
        select(ReviewAct)
        .join(Incident, col(Incident.id) == col(ReviewAct.incident_id))
        .where(Incident.session_id == session.id)
        .order_by(col(ReviewAct.at_utc), col(ReviewAct.id))
    )
    acts: defaultdict[UUID, list[ReviewAct]] = defaultdict(list)
    for row in db.exec(wanted):
        acts[row.incident_id].append(row)
    found = {incident_id: told(rows, now_utc) for incident_id, rows in acts.items()}
    return {incident_id: each for incident_id, each in found.items() if each is not None}


def findings(db: Session, verdict_id: UUID) -> frozenset[UUID]:
    """The alerts that a verdict is about."""
    return frozenset(findings_of(db, [verdict_id]).get(verdict_id, ()))


def findings_of(db: Session, act_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The alerts that each of these verdicts is about."""
    wanted = (
        select(VerdictFinding)
        .where(col(VerdictFinding.act_id).in_(act_ids))
        .order_by(col(VerdictFinding.alert_id))
    )
    about: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in db.exec(wanted):
        about[row.act_id].append(row.alert_id)
    return dict(about)


def acts_on(db: Session, incident: Incident) -> Sequence[ReviewAct]:
    """All acts on an incident and on those merged into it, oldest first."""
    wanted = (
        select(ReviewAct)
        .join(Incident, col(Incident.id) == col(ReviewAct.incident_id))
        .where(or_(col(Incident.id) == incident.id, col(Incident.merged_into_id) == incident.id))
        .order_by(col(ReviewAct.at_utc), col(ReviewAct.id))
    )
    return db.exec(wanted).all()


def _text(keyring: Keyring, key: Key, row: ReviewAct) -> str | None:
    if row.text_sealed is None or key.wrapped is None:
        return None
    return keyring.open_field(key, text_place(row.id), row.text_sealed).decode()


def text_place(act_id: UUID) -> Place:
    """Where an act's text is sealed."""
    return Place("review_acts", "text_sealed", act_id)


def verdicts_by_event(
    db: Session, tenant_id: UUID, exam: str | None, now_utc: datetime
) -> dict[EventType, dict[Decision, int]]:
    """The number of findings with a verdict in effect, by kind of event and by that verdict."""
    wanted = (
        select(StoredAlert.event_type, Incident.state, func.count())
        .join(VerdictFinding, col(VerdictFinding.alert_id) == col(StoredAlert.id))
        .join(Incident, col(Incident.verdict_id) == col(VerdictFinding.act_id))
        .where(
            Incident.tenant_id == tenant_id,
            col(Incident.state).in_(VERDICTS),
            or_(col(Incident.effective_utc).is_(None), col(Incident.effective_utc) <= now_utc),
        )
        .group_by(col(StoredAlert.event_type), col(Incident.state))
    )
    if exam is not None:
        wanted = wanted.join(ExamSession, col(ExamSession.id) == col(Incident.session_id)).where(
            ExamSession.exam_reference == exam
        )
    counts: dict[EventType, dict[Decision, int]] = {}
    for event, state, number in db.exec(wanted):
        of_event = counts.setdefault(EventType(event), dict.fromkeys(Decision, 0))
        of_event[VERDICTS[State(state)]] += number
    return counts
