"""Alerts in the database: stored once with their highest revision, sealed, read in order.

If two nodes wrote the same revision of one alert around a hand-over, that of the later assignment stays: its
node knew the former node's state. So the order of the messages does not matter.

The opened body is sealed again under the data key of its candidate and exam instead of keeping the node's
parcel: reading an alert then costs one AES call instead of one HPKE opening, the value is bound to its row,
and the coordinator's own milestones are stored in the same way. Both keys are destroyed together. Flushes,
never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.candidates import service as candidates
from coordinator.candidates.former import under_names
from coordinator.destinations import outbox_service as outbox
from coordinator.destinations.outbox_service import News
from coordinator.destinations.wanted import Fact
from coordinator.evidence import service as evidence
from coordinator.evidence.kept import KeptEvidence, PictureState
from coordinator.ground.database import insert_new, insert_once
from coordinator.ground.keyring import HeldKey, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert, Shown, decode_shown, encode_alert
from shared.deliveries import DeliveryKind
from shared.errors import Corrupt, Rejected
from shared.events.types import EventClass

MAX_ALERTS: Final = 5_000
MAX_ALERT_BYTES: Final = 64 * 1_048_576
"""The limit of one answer about a session, including small pictures: about 1,400 alerts with a large one
each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One revision of a session's alert, ready to be stored."""

    session: ExamSession
    alert: Alert
    revision: int
    node_id: UUID | None
    """The node that raised it; None: the coordinator."""
    epoch: int | None
    """The epoch of the node's assignment; None for the coordinator's alerts."""
    jpeg: bytes | None = None
    """The picture inside an alert of version 1."""
    body: bytes | None = None
    """The alert's JSON as its node wrote it, without a picture; None: it is written from `alert`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """Selects alerts of a session that overlap a time span; without an end the span is open."""

    session: ExamSession
    event_class: EventClass
    begins_utc: datetime
    ends_utc: datetime | None
    limit: int


_REVISED: Final = (
    "revision",
    "severity_score",
    "onset_utc",
    "raised_utc",
    "cleared_utc",
    "node_id",
    "epoch",
    "data_key_id",
    "body_sealed",
)
"""The columns that a later revision replaces. Onset and raising differ if another node's clock set them."""


class Fate(Enum):
    """The result of storing one revision."""

    NEW = "new"
    KNOWN = "known"
    """This or a higher revision is already stored, or the same of a later epoch."""
    ANOTHERS = "anothers"
    """The id belongs to an alert of another session or kind; nothing is stored."""


def store(db: Session, keyring: Keyring, written: Sequence[Written], now_utc: datetime) -> list[Fate]:
    """Store revisions in this order, new ones in one statement; returns the result of each.

    Raises `Rejected` ("key-destroyed") if a key is destroyed.
    """
    held = keys.by_id(db, {one.session.data_key_id for one in written})
    rows = [_row(keyring, held[one.session.data_key_id], one, now_utc) for one in written]
    firsts = {row["id"]: row for row in reversed(rows)}
    inserted = {key.id for key in insert_new(db, StoredAlert, list(firsts.values()))}
    waiting = [row for row in rows if row["id"] not in inserted or row is not firsts[row["id"]]]
    found = _locked(db, {row["id"] for row in waiting})
    fates = {id(row): _revise(found[row["id"]], row) for row in waiting}
    db.flush()
    done = [fates.get(id(row), Fate.NEW) for row in rows]
    new = [one for one, fate in zip(written, done, strict=True) if fate is Fate.NEW]
    outbox.note(db, [_news(one, now_utc) for one in new], now_utc)
    return done


def _news(written: Written, now_utc: datetime) -> News:
    alert = written.alert
    kind = DeliveryKind.ALERT_RAISED if written.revision == 1 else DeliveryKind.ALERT_CLEARED
    return News(
        tenant_id=written.session.tenant_id,
        session_id=written.session.id,
        fact=Fact(kind, alert.event_type, alert.event_class),
        subject_id=alert.event_id,
        revision=written.revision,
        epoch=written.epoch or 0,
        due_utc=now_utc,
    )


def _row(keyring: Keyring, key: HeldKey, written: Written, now_utc: datetime) -> dict[str, Any]:
    session, alert = written.session, written.alert
    return {
        "id": alert.event_id,
        "tenant_id": session.tenant_id,
        "session_id": session.id,
        "revision": written.revision,
        "event_type": alert.event_type,
        "event_class": alert.event_class,
        "severity_score": alert.severity_score,
        "onset_utc": alert.onset,
        "raised_utc": alert.raised,
        "cleared_utc": alert.cleared,
        "node_id": written.node_id,
        "epoch": written.epoch,
        "data_key_id": key.id,
        "body_sealed": keyring.seal_field(key, _place(alert.event_id), written.body or encode_alert(alert)),
        "received_utc": now_utc,
    }


def _locked(db: Session, alert_ids: Collection[UUID]) -> dict[UUID, StoredAlert]:
    if not alert_ids:
        return {}
    wanted = (
        select(StoredAlert)
        .where(col(StoredAlert.id).in_(alert_ids))
        .order_by(col(StoredAlert.id))  # the same order everywhere avoids deadlocks
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in db.exec(wanted)}


def _revise(found: StoredAlert, row: Mapping[str, Any]) -> Fate:
    if (found.session_id, found.event_type) != (row["session_id"], row["event_type"]):
        return Fate.ANOTHERS
    if (found.revision, found.epoch or 0) >= (row["revision"], row["epoch"] or 0):
        return Fate.KNOWN
    for name in _REVISED:
        setattr(found, name, row[name])
    return Fate.NEW


def store_milestone(
    db: Session, keyring: Keyring, session: ExamSession, alert: Alert, now_utc: datetime
) -> bool:
    """Store an alert that the coordinator itself puts on a session's timeline; False if it is already stored.

    Raises `Corrupt` ("claims-another-id") if the id belongs to another alert.
    """
    return store_own(db, keyring, session, alert, 1, now_utc)


def store_own(
    db: Session, keyring: Keyring, session: ExamSession, alert: Alert, revision: int, now_utc: datetime
) -> bool:
    """The same for any revision of an alert that the coordinator itself raised."""
    written = Written(session=session, alert=alert, revision=revision, node_id=None, epoch=None)
    [fate] = store(db, keyring, [written], now_utc)
    if fate is Fate.ANOTHERS:
        raise Corrupt("claims-another-id")
    return fate is Fate.NEW


def write_refusal(db: Session, refused: RefusedAlert) -> bool:
    """Record an authentic message that could not become an alert; False if it is already recorded."""
    return insert_once(db, refused)


def count_within_bounds(db: Session, session: ExamSession, code: str) -> int:
    """The number of a session's alerts, erased ones included. Raises `Rejected` (413) if one answer cannot
    hold them."""
    wanted = select(func.count(), func.coalesce(func.sum(func.length(StoredAlert.body_sealed)), 0)).where(
        StoredAlert.tenant_id == session.tenant_id, StoredAlert.session_id == session.id
    )
    count, size_bytes = db.exec(wanted).one()
    size_bytes += evidence.size_bytes(db, session)
    if count > MAX_ALERTS or size_bytes > MAX_ALERT_BYTES:
        raise Rejected(
            f"the session has {count} alerts of {size_bytes} bytes, more than one answer holds "
            f"({MAX_ALERTS}, {MAX_ALERT_BYTES} bytes); read them page by page from /alerts instead",
            code=code,
            status=413,
        )
    return count


def timeline(db: Session, keyring: Keyring, session: ExamSession) -> list[Stored]:
    """A session's alerts by onset, without those with a destroyed key."""
    wanted = (
        select(StoredAlert)
        .where(StoredAlert.tenant_id == session.tenant_id, StoredAlert.session_id == session.id)
        .order_by(col(StoredAlert.onset_utc), col(StoredAlert.raised_utc), col(StoredAlert.id))
    )
    return opened_rows(db, keyring, db.exec(wanted))


def during(db: Session, keyring: Keyring, span: During) -> list[Stored]:
    """A session's alerts of one class that overlap a time span, by onset; see `During`."""
    wanted = (
        select(StoredAlert)
        .where(
            StoredAlert.tenant_id == span.session.tenant_id,
            StoredAlert.session_id == span.session.id,
            StoredAlert.event_class == span.event_class,
            or_(col(StoredAlert.cleared_utc).is_(None), col(StoredAlert.cleared_utc) >= span.begins_utc),
        )
        .order_by(col(StoredAlert.onset_utc), col(StoredAlert.raised_utc), col(StoredAlert.id))
        .limit(span.limit)
    )
    if span.ends_utc is not None:
        wanted = wanted.where(StoredAlert.onset_utc <= span.ends_utc)
    return opened_rows(db, keyring, db.exec(wanted))


def find(db: Session, keyring: Keyring, tenant_id: UUID, alert_id: UUID) -> Stored | None:
    """One alert of the institution; None if there is none or its key was destroyed."""
    wanted = select(StoredAlert).where(StoredAlert.id == alert_id, StoredAlert.tenant_id == tenant_id)
    return next(iter(opened_rows(db, keyring, db.exec(wanted).all())), None)


def opened(db: Session, keyring: Keyring, alert_ids: Sequence[UUID]) -> list[Stored]:
    """These alerts by onset, without those with a destroyed key."""
    wanted = (
        select(StoredAlert)
        .where(col(StoredAlert.id).in_(alert_ids))
        .order_by(col(StoredAlert.onset_utc), col(StoredAlert.raised_utc), col(StoredAlert.id))
    )
    return opened_rows(db, keyring, db.exec(wanted))


def opened_rows(db: Session, keyring: Keyring, rows: Iterable[StoredAlert]) -> list[Stored]:
    """These alerts in their order, without those with a destroyed key, under the present names of their
    sessions and candidates."""
    rows = list(rows)
    # A page may have alerts of as many sessions as rows: their keys are loaded in one query, not in one each.
    held = keys.by_id(db, {row.data_key_id for row in rows})
    opened = []
    for row in rows:
        if (key := held[row.data_key_id]).wrapped is not None:
            body = keyring.open_field(key, _place(row.id), row.body_sealed)
            opened.append((row, decode_shown(body)))
    named = {ref.id for _, shown in opened if shown.jpeg is None for ref in shown.alert.evidence_pictures}
    kept = evidence.find(db, keyring, named)
    names = candidates.present_names(db, {row.session_id for row, _ in opened})
    return [_stored(row, _under(shown, names.get(row.session_id)), kept) for row, shown in opened]


def _under(shown: Shown, names: tuple[str, str] | None) -> Shown:
    """An alert under the present names of its session and candidate; the stored one has those of its time."""
    return shown if names is None else replace(shown, alert=under_names(shown.alert, *names))


def _stored(row: StoredAlert, shown: Shown, kept: Mapping[UUID, KeptEvidence]) -> Stored:
    jpeg, state = shown.jpeg, PictureState.NONE if shown.jpeg is None else PictureState.KEPT
    if jpeg is None and shown.alert.evidence_pictures:
        found = kept.get(shown.alert.evidence_pictures[0].id)
        jpeg, state = (found.jpeg, found.state) if found else (None, PictureState.MISSING)
    return Stored(shown.alert, row.session_id, row.revision, row.received_utc, jpeg, state)


def _place(alert_id: UUID) -> Place:
    return Place("alerts", "body_sealed", alert_id)
