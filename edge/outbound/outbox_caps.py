"""Decides what a full outbox drops first. Pure.

Pictures are dropped first (the alert itself stays), then technical alerts, and only then the oldest alerts of
conduct and identity. Within each kind the oldest is dropped first, so that the dropped alerts of a lane are
below all that it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from shared.events.types import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The limits of an outbox."""

    max_alerts: int
    max_bytes: int
    """Sum of the messages' bytes, pictures included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Its present content."""

    alerts: Mapping[Lane, int]
    pictured: int
    """Alerts that still have their pictures."""
    size_bytes: int


class Relief(Enum):
    """One step towards the limits, applied to the oldest of its kind."""

    DROP_PICTURES = auto()
    DROP_TECHNICAL = auto()
    DROP_CONDUCT = auto()


def next_relief(stock: Stock, caps: Caps) -> Relief | None:
    """The next thing to drop; None while the stock is within its limits."""
    too_large = stock.size_bytes > caps.max_bytes
    if too_large and stock.pictured:
        return Relief.DROP_PICTURES
    if not too_large and sum(stock.alerts.values()) <= caps.max_alerts:
        return None
    if stock.alerts.get(Lane.TECHNICAL):
        return Relief.DROP_TECHNICAL
    return Relief.DROP_CONDUCT if stock.alerts.get(Lane.CONDUCT) else None
