"""What is known of one event: its class, its default rule, what it needs, and everything it is told with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from shared.events.types import Action, EventClass, EventType, Feature, Raiser

UnknownWhat = Literal["identity", "picture", "sound", "coverage", "times", "reports", "session"]
"""What a report cannot know: who it was, what was seen or heard, whether enough was looked at, when, …"""

BY_NODE: Final = frozenset({Raiser.NODE})
BY_COORDINATOR: Final = frozenset({Raiser.COORDINATOR})
BY_PROCTOR: Final = frozenset({Raiser.PROCTOR})
BY_NOBODY: Final[frozenset[Raiser]] = frozenset()
"""No part of the product raises it yet."""


class Side(StrEnum):
    """On which side of its threshold an event lies."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The value a condition is compared with: what it is measured in, its range, its defaults."""

    default: float
    unit: str
    low: float
    high: float
    """Of the range an exam may choose from."""
    side: Side = Side.ABOVE
    at_low_sensitivity: float | None = None
    at_high_sensitivity: float | None = None
    """None: the same at every sensitivity."""

    def relaxes(self, threshold: float, other: float) -> bool:
        """Whether `threshold` is reached no more easily than `other`."""
        return threshold >= other if self.side is Side.ABOVE else threshold <= other


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRule:
    """The rule that holds where an exam says nothing."""

    hold_s: float = 0
    """The condition must last this long."""
    clear_s: float = 0
    """It must be gone this long before the event is over."""
    severity: float = 0
    """Base severity, 0…1."""
    action: Action = Action.NONE
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read of an event."""

    title: str
    """A neutral name that describes and does not judge."""
    sentence: str
    """For whoever reviews: what was measured against which bound, never what it means. Evidence stands in
    braces by its name: `{faces}` as it is, `{hold_seconds:s}` in seconds, `{turned_deg:deg}` in degrees,
    `{share_of_baseline:percent}`, lists by `commas` or `semicolons`, and by `gates` the reason why nothing
    was checked."""
    raised: str = ""
    """For the candidate: gentle, without any score, threshold or reproach. Empty: nothing is told."""
    cleared: str = ""
    """For the candidate, when it is over."""
    beside: str = ""
    """For whoever reviews, where it held at the same time as another event and is told with that one."""
    sought: str = ""
    """What is looked for, as the candidate's notice says it: `telephones`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a report cannot know while an event lasts."""

    what: UnknownWhat
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event."""

    event: EventType
    event_class: EventClass
    words: Words
    raised_by: frozenset[Raiser] = BY_NODE
    rule: DefaultRule | None = None
    """None: it has none, because it happens once, when it happens."""
    threshold: Threshold | None = None
    feature: Feature | None = None
    """It is looked for only where an exam has this switched on."""
    needs: str | None = None
    """The field of an observation without which it cannot be found."""
    pictured: bool = False
    """Whether a picture is evidence of it. Technical trouble needs no picture of a person."""
    slow: bool = False
    """Whether it is judged every few seconds only, so that a longer silence is a matter of course."""
    waited_for: bool = True
    """Whether its condition lasts. Others are counted, made of other events, or told by whoever has the
    figures: they have neither hold nor clear time."""
    later_stage_of: EventType | None = None
    """Its hold must not be shorter than that of this event."""
    gap: Gap | None = None

    @property
    def observed(self) -> bool:
        """Whether a rule over observations finds it."""
        return self.rule is not None and Raiser.NODE in self.raised_by
