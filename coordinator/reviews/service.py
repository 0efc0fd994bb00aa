"""Acts on incidents in the database: decided under a lock and recorded.

Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, select

from coordinator.destinations import outbox_service as outbox
from coordinator.destinations.outbox_service import News
from coordinator.destinations.wanted import Fact
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.incidents import service as incidents
from coordinator.incidents.service import FoundIncident
from coordinator.incidents.states import VERDICTS, State, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.keys.tables import Key
from coordinator.reviews import reading_service as reading
from coordinator.reviews.effect import MOVES, effective_from, in_force, without_undone
from coordinator.reviews.states import CLAIM_LASTS, FINDS, VERDICT_ACTS, Act, DismissReason, Review, decide
from coordinator.reviews.tables import ReviewAct, VerdictFinding
from shared.deliveries import DeliveryKind
from shared.errors import Rejected
from shared.tokens import Claims, Role

_TICK: Final = timedelta(microseconds=1)
_TOLD_AFTER: Final = timedelta(seconds=5)
"""How long after a verdict takes effect an institution's systems are told: replicas' clocks may differ, and
none of them may tell what can still be undone."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An intended act on an incident."""

    act: Act
    by: Claims
    text: str = ""
    reason: DismissReason | None = None
    shown: int | None = None
    """The number of alerts this person has seen; None: not given."""
    findings: frozenset[UUID] | None = None
    """The alerts that the verdict is about; None: all of the incident."""


def do(db: Session, keyring: Keyring, incident_id: UUID, deed: Deed, now_utc: datetime) -> FoundIncident:
    """Decide on the act and record it.

    If two people act at once, the second act applies to the result of the first. Raises `Rejected`: 404
    `incident-unknown`, 409 and 403 as `states.decide` does, 410 `key-destroyed` for a text about erased data,
    422 `finding-unknown` and 409 `nothing-in-common` for findings.
    """
    found = incidents.find(db, deed.by.tenant_id, incident_id, lock=True)
    incident, rows = found.incident, reading.acts_on(db, found.incident)
    if rows:  # replicas' clocks may differ; this keeps the history in the order of recording
        now_utc = max(now_utc, rows[-1].at_utc + _TICK)
    following = decide(_review(incident, rows, deed), deed.act, deed.by.subject, now_utc)
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
        effective_utc=effective_from(deed.act, now_utc),
        grown_utc=incident.changed_utc,
    )
    if deed.text:
        key = db.get_one(Key, found.session.data_key_id)
        act.text_sealed = keyring.seal_field(key, reading.text_place(act.id), deed.text.encode())
    db.add(act)
    db.flush()
    if deed.act in FINDS:
        _write_findings(db, incident, act, deed.findings)
    _tell(db, incident, act, rows)
    _apply(incident, act, [*rows, act])
    db.flush()
    return found


def _tell(db: Session, incident: Incident, act: ReviewAct, before: Sequence[ReviewAct]) -> None:
    """Note for the institution's systems that a verdict was given or withdrawn; one that is undone before it
    is in effect is never told."""
    if act.act in (Act.UNDO, Act.REOPEN) and (own := _own(incident, before)):
        outbox.take_back(db, own[-1].id, act.at_utc)
    if act.act in VERDICT_ACTS and act.state in VERDICTS:
        kind, due_utc = DeliveryKind.VERDICT_GIVEN, (act.effective_utc or act.at_utc) + _TOLD_AFTER
    elif act.act is Act.REOPEN:
        kind, due_utc = DeliveryKind.VERDICT_WITHDRAWN, act.at_utc
    else:
        return
    news = News(
        tenant_id=act.tenant_id,
        session_id=incident.session_id,
        fact=Fact(kind),
        subject_id=act.id,
        due_utc=due_utc,
    )
    outbox.note(db, [news], act.at_utc)


def _write_findings(db: Session, incident: Incident, act: ReviewAct, named: frozenset[UUID] | None) -> None:
    """Store which findings a verdict is about. A second confirmation confirms only findings of the first
    one."""
    wanted = select(IncidentAlert.alert_id).where(IncidentAlert.incident_id == incident.id)
    own = set(db.exec(wanted))
    if named is not None and not named <= own:
        raise Rejected("a finding does not belong to the incident", code="finding-unknown", status=422)
    about = own if named is None else named
    if act.state is State.CONFIRMED and incident.verdict_id is not None:
        about = about & set(reading.findings_of(db, [incident.verdict_id]).get(incident.verdict_id, ()))
    if not about:
        raise Rejected(
            "the first confirmation is about other findings; confirm one of them, or dismiss the incident",
            code="nothing-in-common",
            status=409,
        )
    rows = [VerdictFinding(act_id=act.id, alert_id=one, tenant_id=act.tenant_id) for one in sorted(about)]
    db.add_all(rows)


def _apply(incident: Incident, act: ReviewAct, rows: Sequence[ReviewAct]) -> None:
    if act.act is Act.CLAIM:
        incident.claimed_by, incident.claim_expires_utc = act.actor, act.at_utc + CLAIM_LASTS
    elif act.act not in (Act.COMMENT, Act.UNDO):
        incident.claimed_by = incident.claim_expires_utc = None
    if act.act in VERDICT_ACTS or act.act is Act.REOPEN:
        incident.changed_utc = None  # the acting person has now seen all alerts
    elif act.act is Act.UNDO:
        grown_utc = incident.changed_utc or _own(incident, rows[:-1])[-1].grown_utc
        incident.changed_utc = None if act.state is State.OPEN else grown_utc
    incident.state = act.state
    if act.act in MOVES:
        now = in_force(_own(incident, rows))
        incident.verdict_id, incident.decided_utc = now.verdict_id, now.decided_utc
        incident.effective_utc = now.effective_utc
    changed = incident.changed_utc is not None
    incident.queue_place = queue_place(act.state, incident.severity, changed=changed)


def _own(incident: Incident, rows: Iterable[ReviewAct]) -> list[ReviewAct]:
    """The acts on the incident itself, without undone ones and without those on incidents merged into it."""
    return without_undone(row for row in rows if row.incident_id == incident.id)


def _review(incident: Incident, rows: Sequence[ReviewAct], deed: Deed) -> Review:
    kept, own = without_undone(rows), _own(incident, rows)
    opened = max((n + 1 for n, row in enumerate(kept) if row.act is Act.REOPEN), default=0)
    confirmed_by = frozenset(row.actor for row in kept[opened:] if row.act is Act.CONFIRM)
    latest = own[-1] if own and own[-1].act in VERDICT_ACTS else None
    return Review(
        state=incident.state,
        claimed_by=incident.claimed_by,
        claim_expires=incident.claim_expires_utc,
        changed=incident.changed_utc is not None,
        acts=len(rows),
        unseen=deed.shown not in (None, incident.alert_count),
        confirmed_by=confirmed_by,
        # A person who undid a confirmation or dismissal still counts as a reviewer and may not decide an
        # appeal. One who undid the decision on an appeal may decide it again.
        reviewed_by=frozenset(row.actor for row in rows if row.act in FINDS)
        | frozenset(row.actor for row in kept if row.act in VERDICT_ACTS),
        verdict_by=_verdict_by(latest, confirmed_by),
        before=own[-2].state if len(own) > 1 else State.OPEN,
        undo_until=None if latest is None else latest.effective_utc,
        latest_by=None if latest is None else latest.actor,
        administrator=deed.by.role is Role.ADMIN,
    )


def _verdict_by(latest: ReviewAct | None, confirmed_by: frozenset[str]) -> frozenset[str]:
    if latest is None:
        return frozenset()
    return confirmed_by if latest.act is Act.CONFIRM else frozenset({latest.actor})


def check_reason(reason: DismissReason, text: str) -> None:
    """Raises `Rejected` (422 `reason-needed`) for `other` without a text."""
    if reason is DismissReason.OTHER and not text.strip():
        raise Rejected(
            "give the reason in `text` if the reason is `other`",
            code="reason-needed",
            status=422,
            errors=[{"path": "body.text", "message": "is required if reason is other"}],
        )
