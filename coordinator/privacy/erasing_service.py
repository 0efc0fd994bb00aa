"""Erases a person in the database: decides, forgets, removes, finishes, replays. Flushes, never commits.

`decide` is one transaction with the journal's entry: after its commit nothing of the person can be opened.
`remove` and `finish` follow in their own; each may be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, update

from coordinator.audit import service as audit
from coordinator.candidates.tables import Candidate
from coordinator.destinations import outbox_service as outbox
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import OwnKeys
from coordinator.holds import service as holds
from coordinator.keys.tables import Key
from coordinator.privacy import about_service as about, journal_service as journal
from coordinator.privacy.kept import KEPT
from coordinator.privacy.places import tombstone
from coordinator.privacy.tables import Erasure, ErasureRequest, RequestState
from coordinator.sessions.tables import ExamSession
from coordinator.tokens import service as tokens
from shared.erasures import Cause, ErasureEntry, JournalEntry, entered
from shared.errors import Corrupt, Rejected
from shared.receipts import Receipt, signed
from shared.tokens import Role

BY: str = "erasure"
"""Who revokes the tokens of an erased person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOrder:
    """Whom to erase, and who decided it."""

    candidate: Candidate
    decided_by: Role
    cause: Cause
    end_running: bool


def decide(db: Session, keys: OwnKeys, wish: ErasureOrder, now_utc: datetime) -> Erasure:
    """Decide an erasure: from the commit on, nothing about the person can be read.

    Raises `Rejected`: 409 `legal-hold` with its reason, 409 `session-active` while a session runs that may
    not be ended, 404 `candidate-unknown` if the person was just erased.
    """
    candidate = wish.candidate
    holds.check_none(db, keys.keyring, candidate, now_utc)
    sessions = _sessions(db, candidate.id)
    running = [one for one in sessions if one.ended_utc is None and one.expires_utc > now_utc]
    if running and not wish.end_running:
        raise Rejected(
            "a session of this candidate is running; set end_running to end it, or wait for its end",
            code="session-active",
            status=409,
        )
    number, chain = journal.lock_end(db)
    entry = ErasureEntry(
        number=number + 1,
        erasure_id=uuid7(),
        tenant_id=candidate.tenant_id,
        candidate_id=candidate.id,
        session_ids=tuple(sorted(one.id for one in sessions)),
        decided_utc=audit.whole_ms(now_utc),
        decided_by=wish.decided_by,
        cause=wish.cause,
    )
    row = journal.store(db, entered(chain, entry, keys.signing))
    row.ended = [str(one.id) for one in running]
    _forget(db, keys.keyring, row, now_utc)
    return row


def remove(db: Session, erasure_id: UUID) -> None:
    """Delete what is left of an erased person, and add up what it was."""
    _remove(db, _locked(db, erasure_id))


def _remove(db: Session, row: Erasure) -> None:
    gone = about.remove(db, row.tenant_id, row.candidate_id, journal.sessions_of(db, row.id))
    row.counts = dict(Counter(row.counts) + gone)
    db.add(row)
    db.flush()


def finish(db: Session, keys: OwnKeys, erasure_id: UUID, nodes_told: int, now_utc: datetime) -> Erasure:
    """Sign the receipt of an erasure whose steps are done; once."""
    row = _locked(db, erasure_id)
    if row.completed_utc is None:
        # A transaction that had begun before the decision may have stored something since the first removal.
        _remove(db, row)
        row.completed_utc = audit.whole_ms(now_utc)
        receipt = signed(_receipt(row, nodes_told, row.completed_utc), keys.signing)
        row.receipt = receipt.model_dump(mode="json")
        db.add(row)
        db.flush()
    return row


def replay(db: Session, keyring: Keyring, entries: Sequence[JournalEntry], now_utc: datetime) -> int:
    """Erase again who was erased after this database's state was copied; returns how many were.

    Entries that are here already are passed over. Raises `Corrupt` if the journal is another one's.
    """
    last, _ = journal.lock_end(db)
    for one in entries:
        if one.entry.number <= last:
            if journal.chain_at(db, one.entry.number) != one.chain:
                raise Corrupt("the erasure journal and this database are of different installations")
            continue
        row = journal.store(db, one)
        _forget(db, keyring, row, now_utc)
        remove(db, row.id)
    return sum(one.entry.number > last for one in entries)


def unfinished(db: Session) -> Sequence[UUID]:
    """The erasures whose steps go on, oldest first."""
    wanted = select(Erasure.id).where(col(Erasure.completed_utc).is_(None))
    return db.exec(wanted.order_by(col(Erasure.number))).all()


def find(db: Session, tenant_id: UUID, erasure_id: UUID) -> Erasure:
    """An institution's erasure. Raises `Rejected` (404 `erasure-unknown`)."""
    row = db.exec(
        select(Erasure).where(Erasure.id == erasure_id, Erasure.tenant_id == tenant_id)
    ).one_or_none()
    if row is None:
        raise Rejected("there is no erasure with this id", code="erasure-unknown", status=404)
    return row


def _forget(db: Session, keyring: Keyring, row: Erasure, now_utc: datetime) -> None:
    """Destroy the keys and take the names away."""
    counts = Counter(row.counts)
    counts["keys"] += _destroy_keys(db, row.candidate_id, now_utc)
    candidate = db.get(Candidate, row.candidate_id)
    sessions = _sessions(db, row.candidate_id)
    if candidate is not None and candidate.erased_utc is None:
        reference = candidate.reference
        row.recipients = outbox.note_erasure(db, keyring, sessions, reference, now_utc)
        name = (candidate.tenant_id, reference)
        counts["tokens"] += tokens.forget_candidates(db, [name], tombstone(BY), BY, now_utc)
        counts["answers"] += about.forget_answers(db, candidate.tenant_id, reference)
        candidate.reference, candidate.erased_utc = tombstone(candidate.id), now_utc
        db.add(candidate)
    for session in sessions:
        counts["sessions"] += session.erased_utc is None
        _empty(session, now_utc)
        db.add(session)
    _grant_requests(db, row.candidate_id, now_utc)
    row.counts = dict(counts)
    db.add(row)
    db.flush()


def _empty(session: ExamSession, now_utc: datetime) -> None:
    session.reference, session.exam_reference = tombstone(session.id), ""
    session.signaling_url = session.whip_url = ""
    session.enrollment_id = None
    session.policy, session.withheld, session.details_sealed = {}, {}, b""
    session.ungrouped_utc, session.unwatched = None, None
    session.page = session.page_since_utc = session.page_came_utc = None
    session.camera_trouble = session.camera_trouble_utc = None
    session.ended_utc = session.ended_utc or now_utc
    session.erased_utc = session.erased_utc or now_utc


def _destroy_keys(db: Session, candidate_id: UUID, now_utc: datetime) -> int:
    mine = col(Key.candidate_id) == candidate_id
    done = db.exec(
        update(Key).where(mine, col(Key.destroyed_utc).is_(None)).values(wrapped=None, destroyed_utc=now_utc)
    )
    db.exec(update(Key).where(mine).values(public_key=None, scope=""))
    return done.rowcount


def _grant_requests(db: Session, candidate_id: UUID, now_utc: datetime) -> None:
    waiting = (
        col(ErasureRequest.candidate_id) == candidate_id,
        col(ErasureRequest.state) == RequestState.WAITING,
    )
    db.exec(update(ErasureRequest).where(*waiting).values(state=RequestState.GRANTED, decided_utc=now_utc))


def _sessions(db: Session, candidate_id: UUID) -> Sequence[ExamSession]:
    return db.exec(select(ExamSession).where(ExamSession.candidate_id == candidate_id)).all()


def _locked(db: Session, erasure_id: UUID) -> Erasure:
    return db.exec(select(Erasure).where(Erasure.id == erasure_id).with_for_update()).one()


def _receipt(row: Erasure, nodes_told: int, completed_utc: datetime) -> Receipt:
    return Receipt(
        erasure_id=row.id,
        number=row.number,
        tenant_id=row.tenant_id,
        candidate_uuid=row.candidate_id,
        cause=row.cause,
        decided_by=row.decided_by,
        decided_at=row.decided_utc,
        completed_at=completed_utc,
        erased={kind: count for kind, count in sorted(row.counts.items()) if count},
        recipients_told=row.recipients,
        nodes_told=nodes_told,
        kept=list(KEPT),
    )
