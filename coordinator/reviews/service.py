"""Acts on incidents in the database: decided under a lock, recorded, read back.

Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from coordinator.alerts.tables import StoredAlert
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.incidents import service as incidents
from coordinator.incidents.service import FoundIncident
from coordinator.incidents.states import VERDICTS, Decision, State, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.keys.tables import Key
from coordinator.reviews.states import CLAIM_LASTS, Act, DismissReason, Review, decide
from coordinator.reviews.tables import ReviewAct
from coordinator.sessions.tables import ExamSession
from shared.errors import Rejected
from shared.events.types import EventType
from shared.tokens import Claims

_VERDICT_ACTS = frozenset({Act.CONFIRM, Act.DISMISS, Act.UPHOLD, Act.OVERTURN})


@dataclass(frozen=True, slots=True)
class Deed:
    """An intended act on an incident."""

    act: Act
    by: Claims
    text: str = ""
    reason: DismissReason | None = None
    shown: int | None = None
    """The number of alerts this person has seen; None: not given."""


@dataclass(frozen=True, slots=True)
class PastAct:
    """A past act with its text; None if there is no text or its key was destroyed."""

    row: ReviewAct
    text: str | None


def do(db: Session, keyring: Keyring, incident_id: UUID, deed: Deed, now_utc: datetime) -> FoundIncident:
    """Decide on the act and record it.

    If two people act at once, the second act applies to the result of the first. Raises `Rejected`: 404
    `incident-unknown`, 409 and 403 as `states.decide` does, 410 `key-destroyed` for a text about erased data.
    """
    found = incidents.find(db, deed.by.tenant_id, incident_id, lock=True)
    incident = found.incident
    following = decide(_review(db, incident, deed), deed.act, deed.by.subject, now_utc)
    act = ReviewAct(
        id=uuid7(),
        tenant_id=incident.tenant_id,
        incident_id=incident.id,
        act=deed.act,
        actor=deed.by.subject,
        role=deed.by.role,
        reason=deed.reason,
        state=following,
        at_utc=now_utc,
    )
    if deed.text:
        key = db.get_one(Key, found.session.data_key_id)
        act.text_sealed = keyring.seal_field(key, _place(act.id), deed.text.encode())
    db.add(act)
    _apply(incident, deed, following, now_utc)
    db.flush()
    return found


def _apply(incident: Incident, deed: Deed, following: State, now_utc: datetime) -> None:
    if deed.act is Act.CLAIM:
        incident.claimed_by, incident.claim_expires_utc = deed.by.subject, now_utc + CLAIM_LASTS
    elif deed.act is not Act.COMMENT:
        incident.claimed_by = incident.claim_expires_utc = None
    if deed.act in _VERDICT_ACTS or deed.act is Act.REOPEN:
        incident.changed_utc = None  # the acting person has now seen all alerts
        incident.decided_utc = now_utc if following in VERDICTS else None
    incident.state = following
    changed = incident.changed_utc is not None
    incident.queue_place = queue_place(following, incident.severity, changed=changed)


def _review(db: Session, incident: Incident, deed: Deed) -> Review:
    rows = _acts(db, incident)
    opened = max((n + 1 for n, row in enumerate(rows) if row.act is Act.REOPEN), default=0)
    return Review(
        state=incident.state,
        claimed_by=incident.claimed_by,
        claim_expires=incident.claim_expires_utc,
        changed=incident.changed_utc is not None,
        acts=len(rows),
        unseen=deed.shown not in (None, incident.alert_count),
        confirmed_by=frozenset(row.actor for row in rows[opened:] if row.act is Act.CONFIRM),
        reviewed_by=frozenset(row.actor for row in rows if row.act in _VERDICT_ACTS),
    )


def history(db: Session, keyring: Keyring, found: FoundIncident) -> list[PastAct]:
    """All acts on an incident and on those merged into it, oldest first."""
    key = db.get_one(Key, found.session.data_key_id)
    return [PastAct(row, _text(keyring, key, row)) for row in _acts(db, found.incident)]


def _acts(db: Session, incident: Incident) -> Sequence[ReviewAct]:
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
    return keyring.open_field(key, _place(row.id), row.text_sealed).decode()


def _place(act_id: UUID) -> Place:
    return Place("review_acts", "text_sealed", act_id)


def verdicts_by_event(db: Session, tenant_id: UUID, exam: str | None) -> dict[EventType, dict[Decision, int]]:
    """The number of decided incidents, by kind of event and by the verdict in force."""
    wanted = (
        select(StoredAlert.event_type, Incident.state, func.count(col(Incident.id).distinct()))
        .join(IncidentAlert, col(IncidentAlert.alert_id) == col(StoredAlert.id))
        .join(Incident, col(Incident.id) == col(IncidentAlert.incident_id))
        .where(Incident.tenant_id == tenant_id, col(Incident.state).in_(VERDICTS))
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


def check_reason(reason: DismissReason, text: str) -> None:
    """Raises `Rejected` (422 `reason-needed`) for `other` without a text."""
    if reason is DismissReason.OTHER and not text.strip():
        raise Rejected(
            "give the reason in `text` if the reason is `other`",
            code="reason-needed",
            status=422,
            errors=[{"path": "body.text", "message": "is required if reason is other"}],
        )
