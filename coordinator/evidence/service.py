"""Pictures in the database: stored once, sealed, found for a whole page of alerts in one query.

Like alerts, they are sealed again under a data key instead of keeping the node's parcel: reading one costs
one AES call instead of one HPKE opening. Both keys are destroyed together, before those of the alerts.
Flushes, never commits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from coordinator.evidence.kept import Kept
from coordinator.evidence.tables import Evidence
from coordinator.ground.database import insert_once
from coordinator.ground.keyring import KeyKind, Keyring
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


def owner_of(session: ExamSession) -> Owner:
    """The owner of the keys for a session's pictures."""
    return keys.evidence_owner(session.tenant_id, session.candidate_id, session.exam_reference)


def living_key(db: Session, session: ExamSession) -> Key | None:
    """The key to which a session's node seals pictures, if there is one."""
    return keys.find(db, KeyKind.SEALING, owner_of(session))


def store(db: Session, keyring: Keyring, brought: Brought, now_utc: datetime) -> bool:
    """Store a picture of a stored alert; False if its key was destroyed.

    A picture that is already stored stays unchanged.
    """
    key = keys.data_key_unless_destroyed(db, keyring, owner_of(brought.session), now_utc)
    if key is None:
        return False
    picture_id = brought.picture.ref.id
    row = Evidence(
        id=picture_id,
        tenant_id=brought.session.tenant_id,
        session_id=brought.session.id,
        alert_id=brought.alert_id,
        data_key_id=key.id,
        body_sealed=keyring.seal_field(key, _place(picture_id), brought.picture.jpeg),
        received_utc=now_utc,
    )
    insert_once(db, row)
    return True


def find(db: Session, keyring: Keyring, picture_ids: Collection[UUID]) -> dict[UUID, Kept]:
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


def _kept(keyring: Keyring, row: Evidence, key: Key) -> Kept:
    if key.wrapped is None:
        return Kept(None)
    return Kept(keyring.open_field(key, _place(row.id), row.body_sealed))


def _place(picture_id: UUID) -> Place:
    return Place("evidence", "body_sealed", picture_id)
