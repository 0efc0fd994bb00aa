"""Everything about one person, opened. Reads only.

What is found is what an erasure would delete (`about_service`), with the tombstones' rows and what the audit
log says of the person. Sealed values are opened with the person's own keys, so nothing of another person
opens.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.audit.tables import AuditEntry
from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.destinations.tables import Destination
from coordinator.evidence.tables import Evidence
from coordinator.excerpts import service as excerpts
from coordinator.ground.columns import Row
from coordinator.ground.keyring import KeyKind, Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys.tables import Key
from coordinator.privacy import about_service as about
from coordinator.privacy.shown import OTHERS, shown_columns, without_others
from coordinator.sessions.tables import ExamSession
from shared.errors import Corrupt, Rejected
from shared.excerpts import Excerpt
from shared.fields import format_utc

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data is exported."""

    tenant_id: UUID
    candidate_id: UUID
    reference: str
    session_ids: tuple[UUID, ...]
    keys: tuple[Key, ...]
    """The living data keys."""


def person(db: Session, tenant_id: UUID, reference: str) -> Person:
    """A person by the institution's id. Raises `Rejected` (404 `candidate-unknown`)."""
    found = candidates.known(db, tenant_id, reference)
    sessions = select(ExamSession.id).where(ExamSession.candidate_id == found.id)
    keys = select(Key).where(
        Key.candidate_id == found.id, Key.kind == KeyKind.DATA, col(Key.destroyed_utc).is_(None)
    )
    ordered = sessions.order_by(col(ExamSession.started_utc), col(ExamSession.id))
    return Person(tenant_id, found.id, reference, tuple(db.exec(ordered)), tuple(db.exec(keys)))


def rows(db: Session, keyring: Keyring, whose: Person) -> dict[str, Rows]:
    """Every row about a person but the pictures, by table, opened."""
    found: dict[str, Rows] = {
        "candidate": _opened(
            db.exec(select(Candidate).where(Candidate.id == whose.candidate_id)), keyring, whose
        ),
        "sessions": _opened(
            db.exec(select(ExamSession).where(col(ExamSession.id).in_(whose.session_ids))), keyring, whose
        ),
    }
    for table, where in about.rows_about(whose.tenant_id, whose.candidate_id, whose.session_ids):
        name = str(table.__tablename__)
        if name not in OTHERS and table is not Evidence:
            found[name] = _opened(db.exec(select(table).where(where)), keyring, whose)
    named = {row["id"]: row["reference"] for row in found["sessions"]}
    for row in found["alerts"]:
        if isinstance(row["body"], dict):  # it has the names of its time
            present = {"candidate_id": whose.reference, "exam_session_id": named[row["session_id"]]}
            row["body"].update(present)
    for row in found["deliveries"]:
        row["destination"] = db.get_one(Destination, UUID(row.pop("destination_id"))).name
    found["audit"] = _acts(db, whose)
    return found


def pictures(db: Session, whose: Person) -> Sequence[UUID]:
    """The ids of the pictures of a person's sessions."""
    wanted = select(Evidence.id).where(col(Evidence.session_id).in_(whose.session_ids))
    return db.exec(wanted.order_by(col(Evidence.received_utc), col(Evidence.id))).all()


def picture(db: Session, keyring: Keyring, whose: Person, picture_id: UUID) -> bytes | None:
    """One picture; None if it is gone."""
    row = db.get(Evidence, picture_id)
    return (
        None
        if row is None
        else _plain(keyring, whose, Place("evidence", "body_sealed", row.id), row.body_sealed)
    )


def spoken(db: Session, keyring: Keyring, whose: Person, alert_id: UUID, now_utc: datetime) -> Excerpt | None:
    """The words and sound of an alert, while its session runs."""
    with suppress(Rejected):
        return excerpts.read(db, keyring, whose.tenant_id, alert_id, now_utc)
    return None


def _opened(found: Any, keyring: Keyring, whose: Person) -> Rows:
    return [without_others(_row(row, keyring, whose), whose.reference) for row in found]


def _row(row: Row, keyring: Keyring, whose: Person) -> dict[str, Any]:
    table = row.__table__  # type: ignore[attr-defined]
    return {
        name.removesuffix("_sealed"): _value(row, name, keyring, whose)
        for name in shown_columns([column.name for column in table.columns])
    }


def _value(row: Row, name: str, keyring: Keyring, whose: Person) -> Any:
    value = getattr(row, name)
    if name.endswith("_sealed") and value:
        place = Place(str(row.__tablename__), name, row.id)  # type: ignore[attr-defined]
        return _readable(_plain(keyring, whose, place, value))
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, UUID):
        return str(value)
    return None if isinstance(value, bytes) else value


def _plain(keyring: Keyring, whose: Person, place: Place, sealed: bytes) -> bytes | None:
    for key in whose.keys:
        with suppress(Corrupt):
            return keyring.open_field(key, place, sealed)
    return None


def _readable(plain: bytes | None) -> Any:
    """JSON, text, or else base64; None if the key is destroyed."""
    if plain is None:
        return None
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return base64.b64encode(plain).decode("ascii")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _acts(db: Session, whose: Person) -> Rows:
    wanted = select(AuditEntry).where(
        AuditEntry.tenant_id == whose.tenant_id, AuditEntry.candidate_id == whose.candidate_id
    )
    return [
        {"at": format_utc(row.at_utc), "act": row.act, "role": row.role, "outcome": row.outcome}
        for row in db.exec(wanted.order_by(col(AuditEntry.at_utc), col(AuditEntry.id)))
    ]
