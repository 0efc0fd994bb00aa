"""What a full outbox gives up first. Pure.

Pictures go first (the alert itself stays), then technical alerts, and only when nothing else is left the
oldest of conduct and identity. Within each kind the oldest goes first, so that what a lane has given up lies
below everything it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from shared.events.types import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most an outbox holds."""

    max_alerts: int
    max_bytes: int
    """Sum of the messages' bytes, pictures included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What it holds now."""

    alerts: Mapping[Lane, int]
    pictured: int
    """Alerts that still have their pictures beside them."""
    size_bytes: int


class Relief(Enum):
    """One step towards the caps, each applied to the oldest of its kind."""

    DROP_PICTURES = auto()
    DROP_TECHNICAL = auto()
    DROP_CONDUCT = auto()


def next_relief(stock: Stock, caps: Caps) -> Relief | None:
    """The next thing to give up, None while the stock keeps its caps."""
    too_large = stock.size_bytes > caps.max_bytes
    if too_large and stock.pictured:
        return Relief.DROP_PICTURES
    if not too_large and sum(stock.alerts.values()) <= caps.max_alerts:
        return None
    if stock.alerts.get(Lane.TECHNICAL):
        return Relief.DROP_TECHNICAL
    return Relief.DROP_CONDUCT if stock.alerts.get(Lane.CONDUCT) else None
