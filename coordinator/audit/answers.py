"""Entries of the audit log in the API's form."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from coordinator.audit import service as audit
from coordinator.audit.tables import AuditEntry
from coordinator.ground.keyring import Keyring
from shared.api.audit import AuditEntryOut


def entries_out(db: Session, keyring: Keyring, rows: Sequence[AuditEntry]) -> list[AuditEntryOut]:
    """Numbered entries, with the names that can still be read."""
    actors = audit.actors(db, keyring, rows)
    candidates, sessions = audit.references(db, rows)
    return [
        AuditEntryOut(
            number=row.number or 0,
            at=row.at_utc,
            act=row.act,
            role=row.role,
            subject=actors[row.id].subject if row.id in actors else None,
            address=actors[row.id].address if row.id in actors else None,
            node_id=str(row.node_id) if row.node_id is not None else None,
            candidate_id=candidates.get(row.candidate_id) if row.candidate_id is not None else None,
            exam_session_id=sessions.get(row.session_id) if row.session_id is not None else None,
            destination_id=str(row.destination_id) if row.destination_id is not None else None,
            outcome=row.outcome,
            amount=row.amount,
            request_id=str(row.request_id),
        )
        for row in rows
    ]
