"""The content of a timeline; all times in seconds on the session clock."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named stretch of the exam, drawn behind the events (from a rehearsal's script)."""

    label: str
    begins_s: float
    ends_s: float
    scripted: bool
    """Whether an event is expected here; such stretches are tinted."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One piece of evidence: a value, and its bound if there is one."""

    name: str
    value: float | str
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event, as the reviewer sees it."""

    event: EventType
    onset_s: float
    raised_s: float
    cleared_s: float | None
    """None while it lasts."""
    lasted_s: float
    """Without the time in between in which it was unknown."""
    severity: float
    confidence: float
    explanation: str
    action: Action
    measures: tuple[Measure, ...] = ()
    thumbnail: str | None = None
    """`data:image/jpeg;base64,…`; anything else is not shown."""

    @property
    def event_class(self) -> EventClass:
        return event_class(self.event)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One exam."""

    title: str
    duration_s: float
    facts: tuple[tuple[str, str], ...]
    """Name and value, in the order to show them: models, level, device, policy version and the like."""
    segments: tuple[Segment, ...]
    entries: tuple[Entry, ...]
