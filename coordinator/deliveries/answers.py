"""Dead letters in the API's form."""

from __future__ import annotations

from coordinator.deliveries.service import DeadLetter
from shared.api.destinations import DeadLetterOut


def letter_out(letter: DeadLetter) -> DeadLetterOut:
    """A dead letter in the API's form."""
    row = letter.row
    return DeadLetterOut(
        delivery_id=str(row.parcel_id),
        kind=row.kind,
        exam_session_id=letter.exam_session_id,
        subject_id=str(row.subject_id),
        event_type=row.event_type,
        attempts=row.attempts,
        reason=row.reason,
        noted_at=row.noted_utc,
        dead_at=row.settled_utc or row.noted_utc,
    )
