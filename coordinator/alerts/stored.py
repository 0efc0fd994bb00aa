"""An alert as it is stored, opened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.alerts import Alert


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert as it was stored."""

    alert: Alert
    session_id: UUID
    revision: int
    received_utc: datetime
