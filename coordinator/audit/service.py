"""Writes entries of the audit log and reads them. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.audit.noted import outcome
from coordinator.audit.tables import AuditEntry, AuditKey
from coordinator.candidates.tables import Candidate
from coordinator.ground import sealed_fields
from coordinator.ground.acting import Acting, current
from coordinator.ground.database import insert_new, insert_once
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import MASTER_VERSION, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.sessions.tables import ExamSession
from shared.canonical import canonical_json, parse_json
from shared.errors import Rejected
from shared.tokens import Role

LINK: Final = "link"
"""The role of who has only a session's link."""
NODE: Final = "node"
COORDINATOR: Final = "coordinator"
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "actor_sealed": None,
        "key_id": None,
        "node_id": None,
        "candidate_id": None,
        "session_id": None,
        "destination_id": None,
        "outcome": "done",
        "number": None,
        "leaf": None,
        "chain": None,
    }
)
"""What a row has that is inserted together with others, before it is told apart."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff or a program, and from where it asked."""

    subject: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A running session that has got another node."""

    tenant_id: UUID
    candidate_id: UUID
    session_id: UUID
    node_id: UUID
    """The next one."""
    role: str
    """Of who is behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Selects entries of one institution; None does not filter."""

    tenant_id: UUID
    candidate_id: UUID | None = None
    session_id: UUID | None = None
    act: str | None = None
    role: str | None = None
    since_utc: datetime | None = None
    until_utc: datetime | None = None
    after: int = 0
    """After this number."""
    limit: int = 100


def write(db: Session, keyring: Keyring, acting: Acting, status: int, now_utc: datetime) -> bool:
    """Write down the present request; False if it is of no institution."""
    tenant_id = acting.claims.tenant_id if acting.claims is not None else acting.tenant_id
    if tenant_id is None:
        return False
    role = acting.claims.role if acting.claims is not None else LINK
    row = AuditEntry(
        tenant_id=tenant_id,
        at_utc=whole_ms(now_utc),
        request_id=acting.request_id,
        act=acting.act,
        role=role,
        actor_sealed=None,
        candidate_id=acting.candidate_id,
        session_id=acting.session_id,
        node_id=acting.node_id,
        outcome=outcome(status),
    )
    if acting.claims is not None and role is not Role.CANDIDATE:
        key = _living_key(db, keyring, tenant_id, now_utc)
        row.key_id = key.id
        row.actor_sealed = _sealed(keyring, key, row.id, Actor(acting.claims.subject, acting.address))
    db.add(row)
    db.flush()
    return True


def write_stored(
    db: Session, stored: Sequence[tuple[UUID, UUID, UUID, int]], request_id: UUID, now_utc: datetime
) -> None:
    """Write down what nodes stored in one batch: institution, session, node and number of alerts each."""
    common = dict(_EMPTY) | {
        "at_utc": whole_ms(now_utc),
        "request_id": request_id,
        "act": "store_alerts",
        "role": NODE,
    }
    rows = [
        common
        | {
            "id": uuid7(),
            "tenant_id": tenant_id,
            "session_id": session_id,
            "node_id": node_id,
            "amount": amount,
        }
        for tenant_id, session_id, node_id, amount in stored
    ]
    insert_new(db, AuditEntry, rows)


def write_sent(
    db: Session, destination_id: UUID, sent: Mapping[tuple[UUID, UUID, str], int], now_utc: datetime
) -> None:
    """Write down what left for an institution's system in one round: by institution, session and outcome, how
    many things."""
    common = dict(_EMPTY) | {
        "at_utc": whole_ms(now_utc),
        "request_id": uuid7(),
        "act": "deliver",
        "role": COORDINATOR,
        "destination_id": destination_id,
    }
    rows = [
        common
        | {"id": uuid7(), "tenant_id": tenant_id, "session_id": session_id, "outcome": came, "amount": amount}
        for (tenant_id, session_id, came), amount in sent.items()
    ]
    insert_new(db, AuditEntry, rows)


def write_moved(db: Session, moved: Moved, now_utc: datetime) -> None:
    """Write down that a session has moved. The request that led to it, if there is one, has its number."""
    acting = current()
    db.add(
        AuditEntry(
            tenant_id=moved.tenant_id,
            at_utc=whole_ms(now_utc),
            request_id=uuid7() if acting is None else acting.request_id,
            act="move_session",
            role=moved.role,
            actor_sealed=None,
            candidate_id=moved.candidate_id,
            session_id=moved.session_id,
            node_id=moved.node_id,
            outcome="done",
        )
    )
    db.flush()


def write_own(db: Session, tenant_id: UUID, act: str, amount: int, now_utc: datetime) -> None:
    """Write down what the coordinator did by itself, and to how many things."""
    db.add(
        AuditEntry(
            tenant_id=tenant_id,
            at_utc=whole_ms(now_utc),
            request_id=uuid7(),
            act=act,
            role=COORDINATOR,
            actor_sealed=None,
            outcome="done",
            amount=amount,
        )
    )
    db.flush()


def page(db: Session, query: AuditQuery) -> Sequence[AuditEntry]:
    """Numbered entries in their order, at most one more than the limit."""
    wanted = select(AuditEntry).where(
        AuditEntry.tenant_id == query.tenant_id, col(AuditEntry.number) > query.after
    )
    for column, value in (
        (col(AuditEntry.candidate_id), query.candidate_id),
        (col(AuditEntry.session_id), query.session_id),
        (col(AuditEntry.act), query.act),
        (col(AuditEntry.role), query.role),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if query.since_utc is not None:
        wanted = wanted.where(col(AuditEntry.at_utc) >= query.since_utc)
    if query.until_utc is not None:
        wanted = wanted.where(col(AuditEntry.at_utc) < query.until_utc)
    return db.exec(wanted.order_by(col(AuditEntry.number)).limit(query.limit + 1)).all()


def actors(db: Session, keyring: Keyring, rows: Sequence[AuditEntry]) -> dict[UUID, Actor]:
    """Who acted, by entry; without those whose key was destroyed."""
    wanted = {row.key_id for row in rows if row.key_id is not None}
    held = {key.id: key for key in db.exec(select(AuditKey).where(col(AuditKey.id).in_(wanted)))}
    found = {}
    for row in rows:
        if row.key_id is None or row.actor_sealed is None:
            continue
        try:
            plain = keyring.open_field(held[row.key_id], _place(row.id), row.actor_sealed)
        except Rejected:
            continue  # the key was destroyed
        subject, address = parse_json(plain)
        found[row.id] = Actor(subject, address)
    return found


def references(db: Session, rows: Sequence[AuditEntry]) -> tuple[dict[UUID, str], dict[UUID, str]]:
    """The institution's names of the candidates and sessions of these entries, without those of erased
    persons."""
    candidates = {row.candidate_id for row in rows if row.candidate_id is not None}
    sessions = {row.session_id for row in rows if row.session_id is not None}
    named = select(Candidate.id, Candidate.reference).where(
        col(Candidate.id).in_(candidates), col(Candidate.erased_utc).is_(None)
    )
    held = select(ExamSession.id, ExamSession.reference).where(
        col(ExamSession.id).in_(sessions), col(ExamSession.erased_utc).is_(None)
    )
    return dict(db.exec(named).all()), dict(db.exec(held).all())


def _living_key(db: Session, keyring: Keyring, tenant_id: UUID, now_utc: datetime) -> AuditKey:
    wanted = select(AuditKey).where(
        AuditKey.tenant_id == tenant_id, AuditKey.year == now_utc.year, col(AuditKey.destroyed_utc).is_(None)
    )
    found = db.exec(wanted).one_or_none()
    if found is not None:
        return found
    key_id = uuid7()
    made = AuditKey(
        id=key_id,
        tenant_id=tenant_id,
        year=now_utc.year,
        wrapped=keyring.wrap_key(key_id, sealed_fields.new_key()),
        master_version=MASTER_VERSION,
        created_utc=now_utc,
    )
    insert_once(db, made)
    return db.exec(wanted).one()


def _sealed(keyring: Keyring, key: AuditKey, row_id: UUID, actor: Actor) -> bytes:
    return keyring.seal_field(key, _place(row_id), canonical_json([actor.subject, actor.address]))


def _place(row_id: UUID) -> Place:
    return Place("audit_entries", "actor_sealed", row_id)


def whole_ms(instant: datetime) -> datetime:
    """An instant as the log has it, which hashes whole milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
