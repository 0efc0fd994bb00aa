"""An alert as it is stored, opened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coordinator.evidence.kept import PictureState
from shared.alerts import Alert, Shown


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert as it was stored."""

    alert: Alert
    session_id: UUID
    revision: int
    received_utc: datetime
    jpeg: bytes | None = None
    """Its picture, where that can be shown."""
    picture: PictureState = PictureState.NONE

    @property
    def shown(self) -> Shown:
        """The alert with its picture, for people."""
        return Shown(self.alert, self.jpeg)
