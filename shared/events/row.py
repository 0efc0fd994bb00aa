"""The properties of one event: its class, its default rule, what it needs, and its texts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from shared.events.types import Action, EventClass, EventType, Feature, Raiser

UnknownWhat = Literal["identity", "picture", "sound", "coverage", "times", "reports", "session"]
"""What a report cannot know: who it was, what was seen or heard, whether enough was analysed, when, …"""

BY_NODE: Final = frozenset({Raiser.NODE})
BY_COORDINATOR: Final = frozenset({Raiser.COORDINATOR})
BY_PROCTOR: Final = frozenset({Raiser.PROCTOR})
BY_PAGE: Final = frozenset({Raiser.PAGE})


class Side(StrEnum):
    """The side of its threshold on which an event holds."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The value that a condition is compared with: its unit, range and defaults."""

    default: float
    unit: str
    low: float
    high: float
    """Upper end of the range that an exam may choose from."""
    side: Side = Side.ABOVE
    at_low_sensitivity: float | None = None
    at_high_sensitivity: float | None = None
    """None: the same at every sensitivity."""

    def relaxes(self, threshold: float, other: float) -> bool:
        """Whether `threshold` is as hard to reach as `other`, or harder."""
        return threshold >= other if self.side is Side.ABOVE else threshold <= other


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRule:
    """The rule when an exam does not set one."""

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
    """The texts of an event for people."""

    title: str
    """A neutral name that describes and does not judge."""
    sentence: str
    """For reviewers: what was measured and its bound, never what it means. Evidence is inserted by name in
    braces: `{faces}` unchanged, `{hold_seconds:s}` in seconds, `{turned_deg:deg}` in degrees,
    `{share_of_baseline:percent}`, lists with `commas` or `semicolons`, and with `gates` the reason why
    nothing was checked."""
    raised: str = ""
    """For the candidate: gentle, without score, threshold or blame. Empty: no message."""
    cleared: str = ""
    """For the candidate, when it is over."""
    beside: str = ""
    """For reviewers, when it held at the same time as another event and is reported with that one."""
    sought: str = ""
    """What is looked for, in the words of the candidate's notice: `telephones`."""


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
    """None: it has no rule, because it is a single moment."""
    threshold: Threshold | None = None
    feature: Feature | None = None
    """It is looked for only in exams with this feature."""
    needs: str | None = None
    """The field of an observation without which it cannot be found."""
    pictured: bool = False
    """Whether a picture is evidence of it. Technical trouble needs no picture of a person. A face that was
    taken for a picture is shown, so that people can see that it is one."""
    slow: bool = False
    """Whether it is judged only every few seconds, so that longer gaps are normal."""
    waited_for: bool = True
    """Whether its condition lasts. Other events are counted, made of other events, or raised elsewhere;
    they have neither hold nor clear time."""
    later_stage_of: EventType | None = None
    """Its hold must not be shorter than that of this event."""
    gap: Gap | None = None

    @property
    def observed(self) -> bool:
        """Whether a rule over observations finds it."""
        return self.rule is not None and Raiser.NODE in self.raised_by
