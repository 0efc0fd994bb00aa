"""Compares the reported alerts with what really happened. Pure.

A wanted event is *found* when an alert of its type begins within its stretch, *in time* when it was raised at
most the rule's hold plus 1.5 s after its condition became true, and *placed* when its onset is within 1 s of
that. A conduct or identity alert that no stretch explains is *unexplained*: a false alert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge.accuracy.truth import Stretch, Truth, Wanted
from shared.events.types import EventClass, EventType

LATEST_S = 1.5
"""How long after the hold an event may be raised."""
ONSET_WITHIN_S = 1.0
"""How far an onset may lie from the truth."""
NEAR_S = 1.0
"""How far outside a stretch an onset still belongs to it: one check at the slowest rate (1 Hz)."""
COMPARED = frozenset({EventClass.CONDUCT, EventClass.IDENTITY})
"""Classes about a person; others cannot be a false accusation."""

HoldOf = Callable[[EventType], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One alert, in seconds of recording time."""

    event: EventType
    event_class: EventClass
    onset_s: float
    raised_s: float
    cleared_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of one wanted event."""

    behaviour: str
    event: EventType
    holds_from_s: float
    hold_s: float
    onset_s: float | None = None
    """None: not found."""
    raised_s: float | None = None
    excuse: str = ""
    """Why it could not be found here (its look is not possible). Empty: it could."""

    @property
    def found(self) -> bool:
        return self.raised_s is not None

    @property
    def delay_s(self) -> float | None:
        """Time from its condition to its report, less the hold; at most 1.5 s is in time."""
        return None if self.raised_s is None else self.raised_s - self.holds_from_s - self.hold_s

    @property
    def onset_error_s(self) -> float | None:
        return None if self.onset_s is None else self.onset_s - self.holds_from_s

    @property
    def in_time(self) -> bool:
        return self.delay_s is not None and self.delay_s <= LATEST_S

    @property
    def placed(self) -> bool:
        return self.onset_error_s is not None and abs(self.onset_error_s) <= ONSET_WITHIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One event that must not be raised while something similar is done."""

    behaviour: str
    event: EventType
    raised_s: float | None = None
    """None: it was not raised, as required."""
    excuse: str = ""
    """Why it could not be raised here in any case; then this proves nothing."""

    @property
    def peaceful(self) -> bool:
        return self.raised_s is None


@dataclass(frozen=True, slots=True)
class Matched:
    """One recording's report, compared with its truth."""

    answers: tuple[Answer, ...]
    twins: tuple[Twin, ...]
    unexplained: tuple[Reported, ...]


def match_reports(truth: Truth, reports: Iterable[Reported], hold_of: HoldOf) -> Matched:
    """Every wanted event with its result, and every unexplained alert about the candidate."""
    ordered = sorted(reports, key=lambda report: (report.onset_s, report.event))
    answers = [
        _answer(stretch, wanted, ordered, hold_of(wanted.event))
        for stretch in truth.stretches
        for wanted in stretch.wanted
    ]
    unexplained = [
        report
        for report in ordered
        if report.event_class in COMPARED
        and not any(explains(stretch, report.event, report.onset_s) for stretch in truth.stretches)
    ]
    twins = [_twin(stretch, event, ordered) for stretch in truth.stretches for event in stretch.barred]
    return Matched(tuple(answers), tuple(twins), tuple(unexplained))


def explains(stretch: Stretch, event: EventType, onset_s: float) -> bool:
    """Whether an event of this type and onset belongs to the stretch."""
    near = stretch.begins_s - NEAR_S <= onset_s < stretch.ends_s + NEAR_S
    return near and (event in stretch.allowed or any(wanted.event is event for wanted in stretch.wanted))


def honest_s(truth: Truth, duration_s: float) -> float:
    """Seconds of a recording without staged behaviour."""
    staged_s = sum(
        max(0.0, min(each.ends_s, duration_s) - min(each.begins_s, duration_s)) for each in truth.stretches
    )
    return max(0.0, duration_s - staged_s)


def _answer(stretch: Stretch, wanted: Wanted, reports: Sequence[Reported], hold_s: float) -> Answer:
    its_own = [
        report
        for report in reports
        if report.event is wanted.event and explains(stretch, report.event, report.onset_s)
    ]
    # If several match, take the one with the closest onset: an early false one must not hide the true one.
    best = min(its_own, key=lambda each: abs(each.onset_s - wanted.holds_from_s), default=None)
    return Answer(
        behaviour=stretch.behaviour,
        event=wanted.event,
        holds_from_s=wanted.holds_from_s,
        hold_s=hold_s,
        onset_s=None if best is None else best.onset_s,
        raised_s=None if best is None else best.raised_s,
    )


def _twin(stretch: Stretch, event: EventType, reports: Sequence[Reported]) -> Twin:
    within = (
        report.raised_s
        for report in reports
        if report.event is event and stretch.begins_s - NEAR_S <= report.onset_s < stretch.ends_s
    )
    return Twin(behaviour=stretch.behaviour, event=event, raised_s=next(within, None))
