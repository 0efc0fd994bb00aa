"""Keys of logged features, and their messages in the database. Flushes, never commits.

The node seals to a key of candidate and exam. What arrives is sealed again under a data key of the same
owner, like pictures; both are destroyed together: by retention, with an erasure, and when the candidate
withdraws. A session that runs then logs nothing any more: only the start of a session makes keys.

What a legal hold keeps outlasts a withdrawal: the sealing key goes at once, so nothing more is collected, and
a data key without one says that the log waits for the end of the hold. Until then it is not exported, no
session of this exam logs anything, and retention destroys it as soon as nothing holds it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, delete, select, update

from coordinator.candidates.tables import Candidate
from coordinator.consents.words import Said, agreed_to_log
from coordinator.features.tables import FeatureBatch
from coordinator.ground.database import insert_once
from coordinator.ground.keyring import HeldKey, KeyKind, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Half, Key, RetentionClass
from coordinator.sessions.tables import ExamSession
from shared.features import FeaturesBody, decode_features, encode_features
from shared.policy.schema import Policy


def propose_keys(
    db: Session, keyring: Keyring, candidate: Candidate, exam: str, now_utc: datetime
) -> tuple[Key, ...]:
    """The sealing and the data key of a session that is about to start, not stored yet if they are new; none
    while a hold keeps what was withdrawn of this exam."""
    owner = _owner(candidate.tenant_id, candidate.id, exam)
    if keys.find(db, KeyKind.SEALING, owner) is None and keys.find(db, KeyKind.DATA, owner) is not None:
        return ()
    return (
        keys.propose(db, keyring, KeyKind.SEALING, owner, now_utc),
        keys.propose(db, keyring, KeyKind.DATA, owner, now_utc),
    )


def may_log(said: Said, policy: Policy) -> bool:
    """Whether exam and candidate both agreed to the log."""
    return policy.feature_log and agreed_to_log(said)


def living_key(db: Session, session: ExamSession) -> Key | None:
    """The key to which a session's node seals features; None: none is logged."""
    if not Policy.model_validate(session.policy).feature_log:
        return None
    return keys.find(db, KeyKind.SEALING, owner_of(session))


def owner_of(session: ExamSession) -> Owner:
    """The owner of the keys of a session's features."""
    return _owner(session.tenant_id, session.candidate_id, session.exam_reference)


def keys_of(db: Session, session: ExamSession) -> list[Half]:
    """Every key of a session's features, destroyed ones included."""
    owner = owner_of(session)
    return keys.of_owners(db, {owner})[owner]


def store(
    db: Session,
    keyring: Keyring,
    session: ExamSession,
    key: HeldKey,
    batch: tuple[UUID, FeaturesBody],
    now_utc: datetime,
) -> bool:
    """Store a message by its id; False if it is stored already."""
    batch_id, logged = batch
    body = keyring.seal_field(key, _place(batch_id), encode_features(logged))
    return insert_once(
        db,
        FeatureBatch(
            id=batch_id,
            tenant_id=session.tenant_id,
            session_id=session.id,
            data_key_id=key.id,
            body_sealed=body,
            received_utc=now_utc,
        ),
    )


def logged_of(db: Session, keyring: Keyring, session_id: UUID) -> list[FeaturesBody]:
    """What was logged of a session in the order of its windows, as far as its keys exist."""
    wanted = (
        select(FeatureBatch, Key)
        .join(Key, col(Key.id) == col(FeatureBatch.data_key_id))
        .where(FeatureBatch.session_id == session_id)
    )
    found = [
        decode_features(keyring.open_field(key, _place(row.id), row.body_sealed))
        for row, key in db.exec(wanted)
        if key.wrapped is not None
    ]
    return sorted(found, key=lambda one: one.vectors[0].window)


def exams_logged(db: Session, candidate_id: UUID) -> frozenset[str]:
    """The exams of a candidate of which something is logged, or may be."""
    wanted = select(Key.scope).where(
        Key.candidate_id == candidate_id,
        Key.retention_class == RetentionClass.FEATURES,
        col(Key.destroyed_utc).is_(None),
    )
    return frozenset(db.exec(wanted.distinct()))


def forget_all_of(db: Session, candidate: Candidate, held: Collection[str], now_utc: datetime) -> int:
    """Destroy what was logged of a candidate who has withdrawn, in every exam but those that are held: there
    only the collection ends, and the rest waits. Returns the number of destroyed keys."""
    going = exams_logged(db, candidate.id) - frozenset(held)
    mine = select(ExamSession.id).where(
        ExamSession.candidate_id == candidate.id, col(ExamSession.exam_reference).in_(going)
    )
    db.exec(delete(FeatureBatch).where(col(FeatureBatch.session_id).in_(mine)))
    gone = sum(keys.destroy(db, _owner(candidate.tenant_id, candidate.id, one), now_utc) for one in going)
    return gone + _end_collection(db, candidate.id, held, now_utc)


def _end_collection(db: Session, candidate_id: UUID, exams: Collection[str], now_utc: datetime) -> int:
    done = db.exec(
        update(Key)
        .where(
            col(Key.candidate_id) == candidate_id,
            col(Key.retention_class) == RetentionClass.FEATURES,
            col(Key.kind) == KeyKind.SEALING,
            col(Key.scope).in_(exams),
            col(Key.destroyed_utc).is_(None),
        )
        .values(wrapped=None, destroyed_utc=now_utc)
    )
    return done.rowcount


def withdrawn_of(db: Session, candidate_ids: Collection[UUID]) -> dict[UUID, dict[str, datetime]]:
    """By candidate the exams of which nothing more is collected because the candidate withdrew, or a key was
    destroyed otherwise, and since when. What is left of their log waits for nothing but holds."""
    wanted = select(Key.candidate_id, Key.scope, Key.destroyed_utc).where(
        col(Key.candidate_id).in_(candidate_ids),
        Key.retention_class == RetentionClass.FEATURES,
        Key.kind == KeyKind.SEALING,
    )
    ends: dict[tuple[UUID, str], list[datetime | None]] = {}
    for candidate_id, exam, destroyed_utc in db.exec(wanted):
        ends.setdefault((candidate_id, exam), []).append(destroyed_utc)
    found: dict[UUID, dict[str, datetime]] = {}
    for (candidate_id, exam), each in ends.items():
        past = [one for one in each if one is not None]
        if len(past) == len(each):
            found.setdefault(candidate_id, {})[exam] = max(past)
    return found


def _owner(tenant_id: UUID, candidate_id: UUID, exam: str) -> Owner:
    return Owner(tenant_id, candidate_id, RetentionClass.FEATURES, exam)


def _place(batch_id: UUID) -> Place:
    return Place("feature_batches", "body_sealed", batch_id)
