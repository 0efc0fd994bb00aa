"""What a policy's fields allow each and not together: rules that could never be raised, or in a wrong order.

A rule that can never be raised looks like one that watches. Whoever writes it is told, by the path to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from shared.events.types import EventType
from shared.policy.refusals import Problem
from shared.policy.rules import NOT_OBSERVED
from shared.policy.terms import Fusion, Look

if TYPE_CHECKING:
    from shared.policy.schema import Policy

NOT_BEFORE: Final = (
    (EventType.PROLONGED_LOOK_AWAY, EventType.GAZE_OFF_SCREEN),
    (EventType.CANDIDATE_OFFLINE, EventType.STREAM_STALLED),
)
"""Of each pair the first is the later stage of the second, so its hold must not be shorter."""
WITHOUT_WAITS: Final = frozenset({EventType.FACE_MISMATCH, EventType.HIGH_CONFIDENCE_CHEATING, *NOT_OBSERVED})
"""Events that do not last: they are counted, made of others, or told by whoever has the figures."""
LOOKS_APART: Final = 1.25
"""Looks come up to a quarter of their period apart from it; `max_gap_s` must not take that for a silence."""
SLOWEST_LOOK_S: Final = 1.0
"""The lowest degradation level looks once a second, and checks identity as often on every level."""
LIVENESS_WITHIN_S: Final = 60.0
"""Checks of liveness further back say nothing of now."""
LEAST_TURN_S: Final = 0.5
"""The speed of a turn is taken over this long."""
_WITHOUT_GAP: Final = frozenset({Look.IDENTITY, Look.SPEAKERS})
"""Looks that no silence of `max_gap_s` restarts."""


def contradictions(policy: Policy) -> Iterator[Problem]:
    """Path and reason of everything that does not go together."""
    yield from _stages(policy)
    yield from _waits(policy)
    yield from _cadences(policy)
    yield from _counters(policy)
    yield from _fusion(policy)
    if policy.phrases and not policy.features.speech_transcription:
        yield "phrases", "need features.speech_transcription, which is switched off"


def _stages(policy: Policy) -> Iterator[Problem]:
    for later, sooner in NOT_BEFORE:
        first, second = policy.own_rule(later), policy.own_rule(sooner)
        if first.enabled and second.enabled and first.hold_s < second.hold_s:
            yield (
                f"rules.{later}.hold_s",
                f"{first.hold_s:g} s is shorter than {sooner}'s {second.hold_s:g} s, "
                "of which it is the later stage",
            )


def _waits(policy: Policy) -> Iterator[Problem]:
    for event in sorted(WITHOUT_WAITS & policy.rules.keys()):
        rule = policy.rules[event]
        for name, wait_s in (("hold_s", rule.hold_s), ("clear_s", rule.clear_s)):
            if wait_s > 0:
                yield f"rules.{event}.{name}", f"{event} is not waited for, so only 0 is possible"


def _cadences(policy: Policy) -> Iterator[Problem]:
    if policy.max_gap_s < SLOWEST_LOOK_S * LOOKS_APART:
        least_s = SLOWEST_LOOK_S * LOOKS_APART
        yield "max_gap_s", f"below {least_s:g} s every wait of the lowest level, at 1 look a second, restarts"
    for look, rate_hz in policy.cadences_hz.items():
        if look not in _WITHOUT_GAP and rate_hz * policy.max_gap_s < LOOKS_APART:
            yield (
                f"cadences_hz.{look}",
                f"{rate_hz:g} looks a second lie too far apart for max_gap_s ({policy.max_gap_s:g} s): "
                "every wait would restart at each of them",
            )
    liveness_hz = policy.cadences_hz.get(Look.LIVENESS, 1 / SLOWEST_LOOK_S)
    if (policy.liveness_checks - 1) / liveness_hz > LIVENESS_WITHIN_S:
        yield (
            "liveness_checks",
            f"{policy.liveness_checks} checks at {liveness_hz:g} a second never come together "
            f"within {LIVENESS_WITHIN_S:g} s",
        )


def _counters(policy: Policy) -> Iterator[Problem]:
    episodes, distraction = policy.rule(EventType.FREQUENT_DISTRACTION), policy.distraction
    if (episodes.threshold or 0) * distraction.episode_s >= distraction.window_s:
        yield (
            "distraction.window_s",
            f"more than {episodes.threshold or 0:g} episodes of {distraction.episode_s:g} s never begin "
            f"within {distraction.window_s:g} s",
        )
    movement = policy.movement
    if movement.turns * LEAST_TURN_S > movement.window_s:
        yield "movement.turns", f"{movement.turns} turns never fit into {movement.window_s:g} s"


def _fusion(policy: Policy) -> Iterator[Problem]:
    fusion = policy.fusion
    checks_hz = policy.cadences_hz.get(Look.IDENTITY, 1 / SLOWEST_LOOK_S)
    named = fusion != Fusion() and policy.own_rule(EventType.HIGH_CONFIDENCE_CHEATING).enabled
    for number, term in enumerate(fusion.terms):
        if (term.more_than_checks or 0) > fusion.window_s * checks_hz:
            yield (
                f"fusion.terms.{number}.more_than_checks",
                f"so many checks are never made within {fusion.window_s:g} s at {checks_hz:g} a second",
            )
        if named and not policy.own_rule(term.event).enabled:
            yield (
                f"fusion.terms.{number}.event",
                f"{term.event} is switched off, so the fusion could never be raised",
            )
