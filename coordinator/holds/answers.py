"""Legal holds in the API's form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from coordinator.ground.keyring import Keyring
from coordinator.holds import service as holds
from coordinator.holds.covering import in_force
from coordinator.holds.tables import LegalHold
from shared.api.holds import LegalHoldOut


def holds_out(
    db: Session, keyring: Keyring, rows: Sequence[LegalHold], now_utc: datetime
) -> list[LegalHoldOut]:
    """Holds with the names that still exist."""
    names = holds.candidate_names(db, rows)
    return [
        LegalHoldOut(
            hold_id=str(row.id),
            thing=row.thing,
            candidate_id=names.get(row.candidate_id) if row.candidate_id is not None else None,
            exam_id=row.exam_reference,
            incident_id=str(row.incident_id) if row.incident_id is not None else None,
            reason=holds.reason_of(keyring, row),
            held_by=row.held_by,
            held_at=row.held_utc,
            until=row.until_utc,
            released_by=row.released_by,
            released_at=row.released_utc,
            in_force=in_force(holds.hold_of(row), now_utc),
        )
        for row in rows
    ]
