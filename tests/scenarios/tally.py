"""What honest exams raised, however they were filmed: the list of exams, and the table. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from edge.accuracy.report.words import rate
from edge.accuracy.statistics import Rate


@dataclass(frozen=True, slots=True)
class Varied:
    """One honest exam: who sits there, how the picture is changed, and which networks look."""

    variation: str
    person: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was raised in one."""

    exam: Varied
    honest_s: float
    unique_s: float
    conduct: int
    identity: int
    events: tuple[str, ...]
    """Conduct and identity events."""


def in_turn(
    people: Sequence[str], variations: Sequence[str], profiles: Sequence[str], done: Collection[Varied]
) -> Iterator[Varied]:
    """Every exam that is left, in an order that spreads the first ones over people and variations."""
    for first in range(len(people)):
        for profile in profiles:
            for at, variation in enumerate(variations):
                exam = Varied(variation, people[(first + at) % len(people)], profile)
                if exam not in done:
                    yield exam


def table(outcomes: Sequence[Outcome]) -> str:
    """For each profile and variation: exams, honest time, incidents."""
    lines = []
    for profile in dict.fromkeys(outcome.exam.profile for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.exam.profile == profile]
        lines.append(f"{profile}:")
        for variation in dict.fromkeys(outcome.exam.variation for outcome in own):
            of_it = [outcome for outcome in own if outcome.exam.variation == variation]
            lines.append(_row(variation, of_it))
        lines += [_row("all", own), *_per_hour(own), *(_raised(each) for each in own if each.events), ""]
    return "\n".join(lines)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    conduct, identity = sum(each.conduct for each in outcomes), sum(each.identity for each in outcomes)
    played_s = _played_s(outcomes)
    return f"  {name:20} {len(outcomes):3} exams, {played_s:6.0f} s: conduct {conduct}, identity {identity}"


def _per_hour(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Footage that is played again, or changed, proves little that is new: both rates are told."""
    footage = {each.exam.person: each.unique_s for each in outcomes}
    events = sum(each.conduct + each.identity for each in outcomes)
    for what, seconds in (("played", _played_s(outcomes)), ("different", sum(footage.values()))):
        yield f"  {seconds:.0f} s of {what} footage: {rate(Rate(events, seconds / 3600))}"


def _raised(outcome: Outcome) -> str:
    return f"  {outcome.exam.person}, {outcome.exam.variation}: {', '.join(outcome.events)}"


def _played_s(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.honest_s for outcome in outcomes)
