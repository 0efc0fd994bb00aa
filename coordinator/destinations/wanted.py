"""Decides what may leave to a destination. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryKind
from shared.events.types import EventClass, EventType


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened, as far as a filter asks; a verdict has no event."""

    kind: DeliveryKind
    event_type: EventType | None = None
    event_class: EventClass | None = None


def leaves(wanted: DestinationFilter, fact: Fact) -> bool:
    """Whether a destination is told. A verdict is told by its kind alone: it may be about several events."""
    if fact.kind not in wanted.kinds:
        return False
    if fact.event_type is None:
        return True
    if wanted.event_classes is not None and fact.event_class not in wanted.event_classes:
        return False
    return wanted.event_types is None or fact.event_type in wanted.event_types
