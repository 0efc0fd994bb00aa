"""Pictures in the database: stored once, sealed, found for a whole page of alerts in one query.

Like alerts, they are sealed again under a data key instead of keeping the node's parcel: reading one costs
one AES call instead of one HPKE opening. Both keys are destroyed together, before those of the alerts.
Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from coordinator.evidence.kept import KeptEvidence
from coordinator.evidence.tables import Evidence
from coordinator.ground.database import insert_new
from coordinator.ground.keyring import HeldKey, KeyKind, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key
from coordinator.sessions.tables import ExamSession
from shared.evidence import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A picture of a session's alert, opened and checked against it."""

    session: ExamSession
    alert_id: UUID
    picture: Picture
    key: HeldKey
    """The session's evidence data key."""


@dataclass(frozen=True, slots=True)
class EvidenceKeys:
    """The evidence keys of one session."""

    sealing: Mapping[UUID, HeldKey]
    """By id, destroyed ones included."""
    data: HeldKey | None
    """None after its destruction."""


def owner_of(session: ExamSession) -> Owner:
    """The owner of the keys for a session's pictures."""
    return keys.evidence_owner(session.tenant_id, session.candidate_id, session.exam_reference)


def keys_of(
    db: Session, keyring: Keyring, sessions: Collection[ExamSession], now_utc: datetime
) -> dict[UUID, EvidenceKeys]:
    """The evidence keys of sessions, by the session's id. Creates a data key if there has never been one."""
    held = keys.of_owners(db, {owner_of(one) for one in sessions})
    return {one.id: _chosen(db, keyring, held[owner_of(one)], owner_of(one), now_utc) for one in sessions}


def _chosen(
    db: Session, keyring: Keyring, held: Collection[HeldKey], owner: Owner, now_utc: datetime
) -> EvidenceKeys:
    sealing = {key.id: key for key in held if key.kind is KeyKind.SEALING}
    data = [key for key in held if key.kind is KeyKind.DATA]
    if not data:
        return EvidenceKeys(sealing, keys.living_data_key(db, keyring, owner, now_utc))
    return EvidenceKeys(sealing, next((key for key in data if key.wrapped is not None), None))


def living_key(db: Session, session: ExamSession) -> Key | None:
    """The key to which a session's node seals pictures, if there is one."""
    return keys.find(db, KeyKind.SEALING, owner_of(session))


def store(db: Session, keyring: Keyring, brought: Iterable[Brought], now_utc: datetime) -> None:
    """Store pictures whose alerts are stored. A picture that is already stored stays unchanged."""
    insert_new(db, Evidence, [_row(keyring, one, now_utc) for one in brought])


def _row(keyring: Keyring, brought: Brought, now_utc: datetime) -> dict[str, Any]:
    picture_id = brought.picture.ref.id
    return {
        "id": picture_id,
        "tenant_id": brought.session.tenant_id,
        "session_id": brought.session.id,
        "alert_id": brought.alert_id,
        "data_key_id": brought.key.id,
        "body_sealed": keyring.seal_field(brought.key, _place(picture_id), brought.picture.jpeg),
        "received_utc": now_utc,
    }


def find(db: Session, keyring: Keyring, picture_ids: Collection[UUID]) -> dict[UUID, KeptEvidence]:
    """The pictures among these that have arrived, opened if their key still exists."""
    if not picture_ids:
        return {}
    wanted = (
        select(Evidence, Key)
        .join(Key, col(Key.id) == col(Evidence.data_key_id))
        .where(col(Evidence.id).in_(picture_ids))
    )
    return {row.id: _kept(keyring, row, key) for row, key in db.exec(wanted)}


def size_bytes(db: Session, session: ExamSession) -> int:
    """The total size of a session's pictures, erased ones included."""
    total = func.coalesce(func.sum(func.length(Evidence.body_sealed)), 0)
    return int(db.exec(select(total).where(Evidence.session_id == session.id)).one())


def _kept(keyring: Keyring, row: Evidence, key: Key) -> KeptEvidence:
    if key.wrapped is None:
        return KeptEvidence(None)
    return KeptEvidence(keyring.open_field(key, _place(row.id), row.body_sealed))


def _place(picture_id: UUID) -> Place:
    return Place("evidence", "body_sealed", picture_id)
