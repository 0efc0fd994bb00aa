"""Reads and writes what was counted in a rollout: what nodes tell of both versions in the shadow, and the
alerts of exams with either version in the canary. Flushes, never commits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, and_, col, func, select

from coordinator.alerts.tables import StoredAlert
from coordinator.rollouts.course import Counted, Stage
from coordinator.rollouts.evidence import MOST_EXAMS, Arms, Pairs, with_session
from coordinator.rollouts.service import ExamKey
from coordinator.rollouts.tables import ComparedSession, ExamNetwork, RolloutRow
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass
from shared.messages.versions import Tally

TOGETHER: Final = "all findings"
"""What the sum of all events is called beside them."""
LEAST_HOURS: Final = 1 / 3_600
"""An exam is taken to last at least a second."""
_JUDGED: Final = (EventClass.CONDUCT, EventClass.IDENTITY)

_SAME_EXAM: Final = and_(
    col(ExamSession.tenant_id) == col(ExamNetwork.tenant_id),
    col(ExamSession.exam_reference) == col(ExamNetwork.exam_reference),
)


@dataclass(frozen=True, slots=True)
class ToldSession:
    """What a node says of one session that it compares both versions in."""

    session_id: UUID
    epoch: int
    tallies: Mapping[str, Tally]

    @property
    def findings(self) -> int:
        return sum(one.both + one.only_old + one.only_new for one in self.tallies.values())


def note(db: Session, row: RolloutRow, told: Sequence[ToldSession]) -> None:
    """Keep what nodes say. A node that counts anew, because its process has ended, does not undo it."""
    wanted = {(one.session_id, one.epoch): one for one in told if one.findings}
    if not wanted:
        return
    ids = {session_id for session_id, _ in wanted}
    own = ComparedSession.rollout_id == row.id, col(ComparedSession.session_id).in_(ids)
    kept = {(one.session_id, one.epoch): one for one in db.exec(select(ComparedSession).where(*own))}
    tenants = dict(
        db.exec(select(ExamSession.id, ExamSession.tenant_id).where(col(ExamSession.id).in_(ids))).all()
    )
    for place, one in sorted(wanted.items()):
        if one.session_id not in tenants:
            continue
        tallies = {event: tally.model_dump() for event, tally in sorted(one.tallies.items())}
        if place not in kept:
            db.add(
                ComparedSession(
                    rollout_id=row.id,
                    session_id=one.session_id,
                    epoch=one.epoch,
                    tenant_id=tenants[one.session_id],
                    tallies=tallies,
                    findings=one.findings,
                )
            )
        elif one.findings >= kept[place].findings:
            kept[place].tallies, kept[place].findings = tallies, one.findings
    db.flush()


def so_far(db: Session, row: RolloutRow, now_utc: datetime) -> Counted:
    """What was counted so far at the rollout's stage."""
    if row.stage is Stage.SHADOW:
        return Counted(pairs=pairs(db, row), arms={})
    return Counted(pairs={}, arms=arms(db, row, now_utc))


def pairs(db: Session, row: RolloutRow) -> dict[str, Pairs]:
    """The findings of the shadow by event."""
    found: dict[str, Pairs] = {}
    for tallies in db.exec(select(ComparedSession.tallies).where(ComparedSession.rollout_id == row.id)):
        found = with_session(
            found,
            {event: (one["both"], one["only_old"], one["only_new"]) for event, one in tallies.items()},
        )
    return found


def exams_of(db: Session, row: RolloutRow) -> Counter[str]:
    """How many exams have each version."""
    wanted = select(ExamNetwork.label, func.count()).where(ExamNetwork.rollout_id == row.id)
    return Counter(dict(db.exec(wanted.group_by(col(ExamNetwork.label))).all()))


def arms(db: Session, row: RolloutRow, now_utc: datetime) -> dict[str, Arms]:
    """Findings per hour by event, exam by exam, of the latest exams that are over."""
    hours = _hours(db, row, now_utc)
    if not hours:
        return {}
    findings = _findings(db, row)
    events = sorted({event for of_exam in findings.values() for event in of_exam})
    found = {}
    for event in (*events, TOGETHER):
        rates: dict[bool, list[float]] = {False: [], True: []}
        for exam, (label, lasted) in hours.items():
            of_exam = findings.get(exam, Counter())
            count = of_exam.total() if event == TOGETHER else of_exam[event]
            rates[label == row.label].append(count / max(LEAST_HOURS, lasted))
        found[event] = Arms(old=tuple(rates[False][-MOST_EXAMS:]), new=tuple(rates[True][-MOST_EXAMS:]))
    return found


def _hours(db: Session, row: RolloutRow, now_utc: datetime) -> dict[ExamKey, tuple[str, float]]:
    """By exam that is over, the earliest first, its version and how long its sessions lasted together."""
    rows = db.exec(
        select(ExamNetwork, ExamSession)
        .join(ExamSession, _SAME_EXAM)
        .where(ExamNetwork.rollout_id == row.id)
        .order_by(col(ExamNetwork.given_utc), col(ExamNetwork.exam_reference))
    )
    sessions: dict[ExamKey, list[ExamSession]] = defaultdict(list)
    labels: dict[ExamKey, str] = {}
    for network, session in rows:
        exam = network.tenant_id, network.exam_reference
        labels[exam] = network.label
        sessions[exam].append(session)
    return {
        exam: (labels[exam], _lasted_hours(of_exam))
        for exam, of_exam in sessions.items()
        if all(_is_over(one, now_utc) for one in of_exam)
    }


def _findings(db: Session, row: RolloutRow) -> dict[ExamKey, Counter[str]]:
    rows = db.exec(
        select(ExamNetwork.tenant_id, ExamNetwork.exam_reference, StoredAlert.event_type, func.count())
        .join(ExamSession, _SAME_EXAM)
        .join(StoredAlert, col(StoredAlert.session_id) == col(ExamSession.id))
        .where(
            ExamNetwork.rollout_id == row.id,
            col(StoredAlert.node_id).is_not(None),
            col(StoredAlert.event_class).in_(_JUDGED),
        )
        .group_by(col(ExamNetwork.tenant_id), col(ExamNetwork.exam_reference), col(StoredAlert.event_type))
    )
    found: dict[ExamKey, Counter[str]] = defaultdict(Counter)
    for tenant_id, reference, event, count in rows:
        found[tenant_id, reference][event] += count
    return found


def _is_over(session: ExamSession, now_utc: datetime) -> bool:
    return session.ended_utc is not None or session.expires_utc <= now_utc


def _lasted_hours(sessions: Iterable[ExamSession]) -> float:
    lasted = ((one.ended_utc or one.expires_utc) - one.started_utc for one in sessions)
    return sum(max(0.0, one.total_seconds()) for one in lasted) / 3_600
