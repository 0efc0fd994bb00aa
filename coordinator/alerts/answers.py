"""Alerts as the API tells of them, and the cursor that pages through them. Pure."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from coordinator.alerts.service import Stored
from shared.api import AlertOut
from shared.errors import Rejected

Cursor = tuple[datetime, UUID]
"""When the last alert of a page was received, and its id."""


def alert_out(stored: Stored) -> AlertOut:
    """A stored alert in the API's form."""
    fields = stored.alert.model_dump(exclude={"schema_version", "metadata", "event_id"})
    return AlertOut(
        **fields,
        event_id=str(stored.alert.event_id),
        metadata=stored.alert.metadata.model_dump(mode="json"),
        received_at=stored.received_utc,
    )


def write_cursor(cursor: Cursor) -> str:
    """A cursor as text; opaque to callers."""
    received_utc, alert_id = cursor
    return base64.urlsafe_b64encode(f"{received_utc.isoformat()}|{alert_id}".encode()).decode("ascii")


def read_cursor(text: str) -> Cursor:
    """The cursor of such a text. Raises `Rejected` (422) for any other."""
    try:
        received, _, alert_id = base64.urlsafe_b64decode(text.encode("ascii")).decode("ascii").partition("|")
        received_utc = datetime.fromisoformat(received)
        if received_utc.tzinfo is None:
            raise ValueError("without a zone")
        return received_utc, UUID(alert_id)
    except (ValueError, binascii.Error) as error:
        raise Rejected(
            "query.cursor is none of ours; begin again without it",
            code="invalid-request",
            status=422,
            errors=[{"path": "query.cursor", "message": "is not a cursor of this API"}],
        ) from error
