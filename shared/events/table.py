"""All events in one table, with the most frequent queries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.events.row import EventRow
from shared.events.rows import (
    body,
    camera,
    combined,
    direction,
    face,
    milestones,
    page,
    proctors,
    sound,
    system,
)
from shared.events.types import EventClass, EventType, Lane

_ROWS: Final = (
    *face.ROWS,
    *direction.ROWS,
    *body.ROWS,
    *sound.ROWS,
    *combined.ROWS,
    *camera.ROWS,
    *system.ROWS,
    *page.ROWS,
    *milestones.ROWS,
    *proctors.ROWS,
)


def in_order(rows: tuple[EventRow, ...]) -> Mapping[EventType, EventRow]:
    """The rows by event, in the order of `EventType`. Raises ValueError unless each event has exactly one."""
    by_event = {row.event: row for row in rows}
    if len(by_event) != len(rows):
        raise ValueError("an event has two rows")
    if missing := [event.value for event in EventType if event not in by_event]:
        raise ValueError(f"events without a row: {', '.join(missing)}")
    return MappingProxyType({event: by_event[event] for event in EventType})


EVENTS: Final = in_order(_ROWS)


def event_class(event: EventType) -> EventClass:
    """The class of an event."""
    return EVENTS[event].event_class


def lane(event: EventType) -> Lane:
    """The lane of an event: one for conduct and identity, the technical one for all others."""
    suspicion = event_class(event) in (EventClass.CONDUCT, EventClass.IDENTITY)
    return Lane.CONDUCT if suspicion else Lane.TECHNICAL
