"""Find, make and destroy keys. Flushes, never commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import sql
from sqlmodel import Session, col, select, update

from coordinator.candidates.tables import Candidate
from coordinator.ground import sealed_fields
from coordinator.ground.database import insert_once
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import MASTER_VERSION, KeyKind, Keyring
from coordinator.keys.tables import HALF_COLUMNS, Half, Key, RetentionClass
from shared.errors import Corrupt
from shared.hybrid import Opener, new_hybrid
from shared.sealing import new_sealing_key, sealing_public_text


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a key and its retention class."""

    tenant_id: UUID
    candidate_id: UUID
    retention_class: RetentionClass
    scope: str = ""


def template_data_key(db: Session, keyring: Keyring, candidate: Candidate, now_utc: datetime) -> Key:
    """The candidate's data key for stored enrollments; created on first use."""
    return living_data_key(db, keyring, _template_owner(candidate), now_utc)


def exam_data_key(db: Session, keyring: Keyring, candidate: Candidate, exam: str, now_utc: datetime) -> Key:
    """The data key of this candidate and exam for stored alerts and session details; created on first use."""
    return living_data_key(db, keyring, _exam_owner(candidate, exam), now_utc)


def living_data_key(db: Session, keyring: Keyring, owner: Owner, now_utc: datetime) -> Key:
    """An owner's data key; made on first use."""
    found = find(db, KeyKind.DATA, owner)
    if found is not None:
        return found
    insert_once(db, new_data_key(keyring, owner, now_utc))
    found = find(db, KeyKind.DATA, owner)  # another request's key, if that one was first
    if found is None:
        raise RuntimeError("a key just inserted is not there")
    return found


def propose_exam_keys(
    db: Session, keyring: Keyring, candidate: Candidate, exam: str, now_utc: datetime
) -> tuple[Key, Key]:
    """The sealing and the data key of this candidate and exam, not stored yet if they are new: `keep` them.

    So a request that is finally refused leaves no key behind.
    """
    return _propose_pair(db, keyring, _exam_owner(candidate, exam), now_utc)


def propose_evidence_keys(
    db: Session, keyring: Keyring, candidate: Candidate, exam: str, now_utc: datetime
) -> tuple[Key, Key]:
    """The same for the pictures of this candidate and exam."""
    return _propose_pair(db, keyring, evidence_owner(candidate.tenant_id, candidate.id, exam), now_utc)


def evidence_owner(tenant_id: UUID, candidate_id: UUID, exam: str) -> Owner:
    """The owner of the keys for this candidate's and exam's pictures."""
    return Owner(tenant_id, candidate_id, RetentionClass.EVIDENCE, exam)


def propose_template_key(db: Session, keyring: Keyring, candidate: Candidate, now_utc: datetime) -> Key:
    """The candidate's sealing key for templates, not stored yet if it is new."""
    return propose(db, keyring, KeyKind.SEALING, _template_owner(candidate), now_utc)


def keep(db: Session, key: Key) -> bool:
    """Store a proposed key; False if another request's key was first or this one was destroyed."""
    insert_once(db, key)
    stored = db.exec(select(Key.wrapped).where(Key.id == key.id)).one_or_none()
    return stored is not None


def get(db: Session, tenant_id: UUID, key_id: UUID) -> Key:
    """A key by its id. Raises `Corrupt` if the institution has no such key."""
    key = db.exec(select(Key).where(Key.id == key_id, Key.tenant_id == tenant_id)).one_or_none()
    if key is None:
        raise Corrupt("a row names a key that does not exist")
    return key


def by_id(db: Session, key_ids: Collection[UUID]) -> dict[UUID, Half]:
    """These keys in one query. Raises `Corrupt` if one of them does not exist."""
    wanted = sql.select(*HALF_COLUMNS).where(col(Key.id).in_(key_ids))
    held = {half.id: half for half in (Half(*row) for row in db.connection().execute(wanted))}
    if len(held) != len(key_ids):
        raise Corrupt("a row names a key that does not exist")
    return held


def of_owners(db: Session, owners: Collection[Owner]) -> dict[Owner, list[Half]]:
    """Every key of these owners, destroyed ones included, in one query."""
    wanted = sql.select(col(Key.candidate_id), col(Key.retention_class), col(Key.scope), *HALF_COLUMNS).where(
        col(Key.tenant_id).in_({one.tenant_id for one in owners}),
        col(Key.candidate_id).in_({one.candidate_id for one in owners}),
        col(Key.retention_class).in_({one.retention_class for one in owners}),
    )
    found: dict[Owner, list[Half]] = {owner: [] for owner in owners}
    # A candidate is of one institution.
    lists = {(one.candidate_id, one.retention_class, one.scope): found[one] for one in owners}
    for candidate_id, retention_class, scope, *half in db.connection().execute(wanted):
        lists.get((candidate_id, retention_class, scope), []).append(Half(*half))
    return found


def destroy(db: Session, owner: Owner, now_utc: datetime) -> int:
    """Destroy every existing key of this candidate, class and scope; returns their number.

    After the commit everything they sealed is unreadable, in every copy. With the keys of an exam's alerts
    those of their pictures are destroyed too: a picture must not outlive its alert.
    """
    done = db.exec(
        update(Key)
        .where(
            col(Key.tenant_id) == owner.tenant_id,
            col(Key.candidate_id) == owner.candidate_id,
            col(Key.retention_class).in_(_dying_with(owner.retention_class)),
            col(Key.scope) == owner.scope,
            col(Key.destroyed_utc).is_(None),
        )
        .values(wrapped=None, destroyed_utc=now_utc)
    )
    return done.rowcount


def destroy_all(db: Session, owners: Collection[Owner], now_utc: datetime) -> dict[Owner, int]:
    """The same for several owners, in two statements; returns the numbers of those who had a key."""
    dying = {
        replace(one, retention_class=kind): one for one in owners for kind in _dying_with(one.retention_class)
    }
    doomed = [
        (dying[owner], key.id)
        for owner, held in of_owners(db, dying).items()
        for key in held
        if key.wrapped is not None
    ]
    db.exec(
        update(Key)
        .where(col(Key.id).in_([key_id for _, key_id in doomed]))
        .values(wrapped=None, destroyed_utc=now_utc)
        .execution_options(synchronize_session=False)
    )
    return dict(Counter(owner for owner, _ in doomed))


def _dying_with(kind: RetentionClass) -> tuple[RetentionClass, ...]:
    return (kind, RetentionClass.EVIDENCE) if kind is RetentionClass.EXAM else (kind,)


def _propose_pair(db: Session, keyring: Keyring, owner: Owner, now_utc: datetime) -> tuple[Key, Key]:
    return (
        propose(db, keyring, KeyKind.SEALING, owner, now_utc),
        propose(db, keyring, KeyKind.DATA, owner, now_utc),
    )


def _template_owner(candidate: Candidate) -> Owner:
    return Owner(candidate.tenant_id, candidate.id, RetentionClass.TEMPLATE)


def _exam_owner(candidate: Candidate, exam: str) -> Owner:
    return Owner(candidate.tenant_id, candidate.id, RetentionClass.EXAM, exam)


def propose(db: Session, keyring: Keyring, kind: KeyKind, owner: Owner, now_utc: datetime) -> Key:
    """An owner's existing key of a kind, or a new one that is not stored yet: `keep` it."""
    return find(db, kind, owner) or _new(keyring, kind, owner, now_utc)


def _new(keyring: Keyring, kind: KeyKind, owner: Owner, now_utc: datetime) -> Key:
    if kind is KeyKind.SEALING:
        return new_sealing_pair(keyring, owner, now_utc)
    return new_data_key(keyring, owner, now_utc)


def new_sealing_pair(keyring: Keyring, owner: Owner, now_utc: datetime) -> Key:
    """A new HPKE key pair as a row that is not stored yet."""
    pair = Opener(new_sealing_key(), new_hybrid() if keyring.hybrid else None)
    row = _row(keyring, KeyKind.SEALING, pair.private_bytes(), owner, now_utc)
    row.public_key = sealing_public_text(pair.public_key())
    return row


def public_text(keyring: Keyring, key: Key, *, hybrid: bool) -> str:
    """The public half of a sealing key for a node: the hybrid one if it is wanted and there is one."""
    if hybrid and key.wrapped is not None:
        return keyring.open_private(key).public_text(hybrid=True)
    return key.public_key or ""


def new_data_key(keyring: Keyring, owner: Owner, now_utc: datetime) -> Key:
    """A new data key as a row that is not stored yet."""
    return _row(keyring, KeyKind.DATA, sealed_fields.new_key(), owner, now_utc)


def _row(keyring: Keyring, kind: KeyKind, secret: bytes, owner: Owner, now_utc: datetime) -> Key:
    key_id = uuid7()
    return Key(
        id=key_id,
        tenant_id=owner.tenant_id,
        candidate_id=owner.candidate_id,
        kind=kind,
        retention_class=owner.retention_class,
        scope=owner.scope,
        wrapped=keyring.wrap_key(key_id, secret),
        master_version=MASTER_VERSION,
        created_utc=now_utc,
    )


def find(db: Session, kind: KeyKind, owner: Owner) -> Key | None:
    """An owner's existing key of a kind."""
    wanted = select(Key).where(
        Key.tenant_id == owner.tenant_id,
        Key.candidate_id == owner.candidate_id,
        Key.kind == kind,
        Key.retention_class == owner.retention_class,
        Key.scope == owner.scope,
        col(Key.destroyed_utc).is_(None),
    )
    return db.exec(wanted).one_or_none()
