"""Finds fields of a policy that contradict each other: rules that can never be raised, or in a wrong order.

A rule that can never be raised seems to watch but does not, so its author gets an error with the path to
change. Each function takes the parts of a policy that it compares, and returns path and reason of each
contradiction. `own` is the exam's own rule of an event, or the table's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from shared.events.looks import Look
from shared.events.table import EVENTS, event_class
from shared.events.types import Action, EventClass, EventType
from shared.policy.refusals import Problem
from shared.policy.rules import DEFAULT_RULES, THRESHOLD_UNITS, EventRule
from shared.policy.terms import Distraction, Fusion, Movement, Relaxation

Rules = Callable[[EventType], EventRule]
"""The rule of an event."""

WITHOUT_WAITS: Final = frozenset(event for event in DEFAULT_RULES if not EVENTS[event].waited_for)
"""Events that do not last: they are counted, made of others, or raised elsewhere."""
LOOKS_APART: Final = 1.25
"""Looks may be a quarter of their period late; `max_gap_s` must not count that as a gap."""
SLOWEST_LOOK_S: Final = 1.0
"""The lowest degradation level looks once a second, and checks identity as often on every level."""
LIVENESS_WITHIN_S: Final = 60.0
"""Older liveness checks do not count."""
LEAST_STILL_S: Final = 10.0
"""A face that stays for a shorter time is never taken for a picture."""
LEAST_TURN_S: Final = 0.5
"""The speed of a turn is measured over this time."""
_CALLS_PEOPLE: Final = frozenset({Action.ESCALATE, Action.AUTO_PAUSE})
_WITHOUT_GAP: Final = frozenset({Look.IDENTITY, Look.SPEAKERS})
"""Looks that a gap of `max_gap_s` does not restart."""


def stages(own: Rules) -> Iterator[Problem]:
    """Find later stages of an event that would be raised before it."""
    for later, row in EVENTS.items():
        sooner = row.later_stage_of
        if sooner is None:
            continue
        first, second = own(later), own(sooner)
        if first.enabled and second.enabled and first.hold_s < second.hold_s:
            yield (
                f"rules.{later}.hold_s",
                f"{first.hold_s:g} s is shorter than {sooner}'s {second.hold_s:g} s, "
                "of which it is the later stage",
            )


def waits(rules: Mapping[EventType, EventRule]) -> Iterator[Problem]:
    """Find waits of events that do not last."""
    for event in sorted(WITHOUT_WAITS & rules.keys()):
        rule = rules[event]
        for name, wait_s in (("hold_s", rule.hold_s), ("clear_s", rule.clear_s)):
            if wait_s > 0:
                yield f"rules.{event}.{name}", f"{event} is not waited for, so only 0 is possible"


def cadences(cadences_hz: Mapping[Look, float], max_gap_s: float, liveness_checks: int) -> Iterator[Problem]:
    """Find looks that are too rare for the rules that use them."""
    if max_gap_s < SLOWEST_LOOK_S * LOOKS_APART:
        least_s = SLOWEST_LOOK_S * LOOKS_APART
        yield "max_gap_s", f"below {least_s:g} s every wait of the lowest level, at 1 look a second, restarts"
    for look, rate_hz in cadences_hz.items():
        if look not in _WITHOUT_GAP and rate_hz * max_gap_s < LOOKS_APART:
            yield (
                f"cadences_hz.{look}",
                f"{rate_hz:g} looks per second are too rare for max_gap_s ({max_gap_s:g} s): "
                "every wait would restart at each of them",
            )
    liveness_hz = cadences_hz.get(Look.LIVENESS, 1 / SLOWEST_LOOK_S)
    if (liveness_checks - 1) / liveness_hz > LIVENESS_WITHIN_S:
        yield (
            "liveness_checks",
            f"{liveness_checks} checks at {liveness_hz:g} a second never come together "
            f"within {LIVENESS_WITHIN_S:g} s",
        )


def counters(episodes: float, distraction: Distraction, movement: Movement) -> Iterator[Problem]:
    """Find counts that can never be reached; `episodes` is the threshold of FREQUENT_DISTRACTION."""
    if episodes * distraction.episode_s >= distraction.window_s:
        yield (
            "distraction.window_s",
            f"more than {episodes:g} episodes of {distraction.episode_s:g} s never begin "
            f"within {distraction.window_s:g} s",
        )
    if movement.turns * LEAST_TURN_S > movement.window_s:
        yield "movement.turns", f"{movement.turns} turns never fit into {movement.window_s:g} s"


def fused(fusion: Fusion, cadences_hz: Mapping[Look, float], own: Rules) -> Iterator[Problem]:
    """Find terms of a fusion that can never be met."""
    checks_hz = cadences_hz.get(Look.IDENTITY, 1 / SLOWEST_LOOK_S)
    named = fusion != Fusion() and own(EventType.HIGH_CONFIDENCE_CHEATING).enabled
    for number, term in enumerate(fusion.terms):
        if (term.more_than_checks or 0) > fusion.window_s * checks_hz:
            yield (
                f"fusion.terms.{number}.more_than_checks",
                f"more checks than fit into {fusion.window_s:g} s at {checks_hz:g} per second",
            )
        if named and not own(term.event).enabled:
            yield (
                f"fusion.terms.{number}.event",
                f"{term.event} is switched off, so the fusion could never be raised",
            )


def calls(rules: Mapping[EventType, EventRule]) -> Iterator[Problem]:
    """Find advice that would call people by itself, in a policy that somebody writes. One that has been in
    force since before must still be read, or its exam could not be held."""
    event = EventType.PRESENTATION_ATTACK
    if event in rules and rules[event].action in _CALLS_PEOPLE:
        yield (
            f"rules.{event}.action",
            "it is advice and calls nobody by itself: only none and warning are possible",
        )


def of_rule(event: EventType, rule: EventRule) -> Iterator[Problem]:
    """Find what is wrong with an exam's own rule by itself; paths begin with the event."""
    if event not in DEFAULT_RULES:
        yield event, "has no rule to override"
        return
    if event_class(event) is EventClass.TECHNICAL and rule.severity > 0:
        yield f"{event}.severity", "technical events never add suspicion, so it must be 0"
    if event is EventType.PICTURE_IN_VIEW and rule.hold_s < LEAST_STILL_S:
        yield f"{event}.hold_s", f"must be at least {LEAST_STILL_S:g} s: people sit still for a while, too"
    known = THRESHOLD_UNITS.get(event)
    if known is None:
        if rule.threshold is not None:
            yield f"{event}.threshold", f"{event} takes no threshold"
    elif rule.threshold is None or not known.low <= rule.threshold <= known.high:
        yield f"{event}.threshold", f"({known.unit}) must be in {known.low:g}…{known.high:g}"


def of_relaxation(event: EventType, relaxed: Relaxation, own: EventRule) -> Iterator[Problem]:
    """Find what is wrong with the relaxation of one event, given the exam's own rule in force."""
    if relaxed.hold_factor > 1 and own.hold_s == 0 and event is not EventType.FACE_MISMATCH:
        yield f"relaxed.{event}.hold_factor", f"{event} has no hold that could be longer"
    if relaxed.threshold is None:
        return
    known = THRESHOLD_UNITS.get(event)
    if known is None or own.threshold is None:
        yield f"relaxed.{event}.threshold", f"{event} takes no threshold"
    elif not known.low <= relaxed.threshold <= known.high or not known.relaxes(
        relaxed.threshold, own.threshold
    ):
        what = f"must be reached no more easily than the exam's {own.threshold:g} ({known.unit})"
        yield f"relaxed.{event}.threshold", what
