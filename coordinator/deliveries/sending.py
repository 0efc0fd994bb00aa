"""What every way of sending has in common: what is sent, and by what. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from coordinator.deliveries.outcomes import Outcome

AT_ONCE: Final = 16
"""The most tries at one destination at the same time."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent."""

    url: str
    parcel_id: UUID
    session_id: UUID
    """What has the same arrives in order."""
    body: str
    secrets: tuple[str, ...]


class Sender(Protocol):
    """The connections to one destination; close it."""

    async def post(self, sent: Sent) -> Outcome:
        """Send a delivery once. Never raises for what the destination does."""
        ...

    def close(self) -> None:
        """Close the connections, at once."""
        ...
