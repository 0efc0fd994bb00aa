"""A stored alert, opened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coordinator.evidence.kept import PictureState
from shared.alerts import Alert, Shown


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored alert, opened."""

    alert: Alert
    session_id: UUID
    revision: int
    received_utc: datetime
    jpeg: bytes | None = None
    """Its picture, if it can be shown."""
    picture: PictureState = PictureState.NONE

    @property
    def shown(self) -> Shown:
        """An alert with its picture, for people."""
        return Shown(self.alert, self.jpeg)
