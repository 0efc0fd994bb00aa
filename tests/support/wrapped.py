"""One value of every kind that the master key wraps, made and read by the coordinator's own code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, select

from coordinator.audit import service as audit
from coordinator.audit.tables import AuditEntry
from coordinator.candidates.tables import Candidate
from coordinator.destinations import (
    outbox_service as outbox,
    secrets_service as secrets,
    service as destinations,
)
from coordinator.destinations.tables import Delivery, Destination
from coordinator.ground.acting import Acting
from coordinator.ground.sealed_fields import Place
from coordinator.holds import service as holds
from coordinator.holds.tables import LegalHold
from coordinator.idempotency import service as idempotency
from coordinator.idempotency.sameness import Asked
from coordinator.keys import service as keys
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens import key_service as token_keys
from coordinator.web_api.parts import Parts
from shared.api.destinations import WebhookRequest
from shared.api.holds import LegalHoldRequest
from shared.sealing import sealing_public_text
from shared.tokens import Claims, Role
from tests.support.sittings import EdgeNode, sit

NOW: Final = datetime(2027, 2, 1, 12, tzinfo=UTC)
_ADMIN: Final = Claims(subject="alice", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
_ANSWER: Final = WebhookRequest(name="office", url="https://office.example.org/hooks")
_ASKED: Final = Asked(DEFAULT_TENANT_ID, b"request", b"body", NOW)
_PLACE: Final = Place("alerts", "body_sealed", UUID(int=7))


def plant(parts: Parts) -> bytes:
    """One value in every column; returns a field that a person's data key has sealed."""
    keyring = parts.keys.keyring
    session = sit(parts.database, keyring, EdgeNode()).session
    with parts.database.write() as db:
        candidate = db.get_one(Candidate, session.candidate_id)
        audit.write(db, keyring, Acting(UUID(int=1), "192.0.2.1", _ADMIN, "create_token"), 201, NOW)
        token_keys.rotate(db, parts.keys, DEFAULT_TENANT_ID, "alice", NOW)
        home = destinations.make(db, _ADMIN, _ANSWER, NOW)
        secrets.make(db, keyring, home, NOW)
        outbox.note_erasure(db, keyring, [session], candidate.reference, NOW + timedelta(days=60))
        asked = LegalHoldRequest(candidate_id=candidate.reference, reason="case 12")
        holds.place(db, keyring, _ADMIN, asked, NOW)
        idempotency.keep(db, keyring, _ASKED, _ANSWER, candidate.reference)
        return keyring.seal_field(keys.get(db, DEFAULT_TENANT_ID, session.data_key_id), _PLACE, b"a face")


def read(db: Session, parts: Parts, sealed: bytes) -> Mapping[str, Any]:
    """What the values hold, by the column's table; raises if one of them does not open."""
    keyring, session = parts.keys.keyring, db.exec(select(ExamSession)).one()
    home, entries = db.exec(select(Destination)).one(), db.exec(select(AuditEntry)).all()
    delivery, hold = db.exec(select(Delivery)).one(), db.exec(select(LegalHold)).one()
    seal_key = keys.get(db, DEFAULT_TENANT_ID, session.seal_key_id)
    assert delivery.told_sealed is not None
    assert sealing_public_text(keyring.open_private(seal_key).public_key()) == seal_key.public_key
    return {
        "keys": keyring.open_field(keys.get(db, DEFAULT_TENANT_ID, session.data_key_id), _PLACE, sealed),
        "audit_keys": sorted(one.subject for one in audit.actors(db, keyring, entries).values()),
        "token_keys": token_keys.active(db, parts.keys, DEFAULT_TENANT_ID).public_text,
        "destination_secrets": secrets.signing(db, keyring, home.id, NOW),
        "deliveries": keyring.unwrap(outbox.told_place(delivery.parcel_id), delivery.told_sealed),
        "legal_holds": holds.reason_of(keyring, hold),
        "kept_answers": idempotency.recall(db, keyring, _ASKED, WebhookRequest),
    }
