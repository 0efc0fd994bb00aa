"""A worse version is found and sent back by the rule, an equal one promoted; an exam is never divided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random
from uuid import UUID

import pytest

from coordinator.rollouts.course import (
    CANARY_SHARE,
    LEAST_EXAMS,
    LEAST_PAIRS,
    MOST_LOOKS,
    PROMOTED_AFTER_EXAMS,
    UNDECIDED,
    Counted,
    Rollout,
    Stage,
    abort,
    has_new,
    step,
)
from coordinator.rollouts.evidence import LEAST_FINDINGS, Arms, Pairs, look_at_pairs, with_session
from edge.judging.agreement import Agreement
from edge.judging.policy_settings import monitor_settings
from shared.policy.schema import Policy
from tests.support.observations import ONE, frame, times

FRESH = Rollout(rollout_id=UUID(int=1))
EVENTS = ("FACE_NOT_FOUND", "GAZE_OFF_SCREEN", "MULTIPLE_FACES")


def in_shadow(**pairs: Pairs) -> Rollout:
    return step(FRESH, Counted(pairs=pairs, arms={}))


def spread(only_old: int, only_new: int, both: int) -> Pairs:
    """One finding a session."""
    return Pairs(both=both, only_old=only_old, only_new=only_new, fewer=only_old, more=only_new)


def test_before_the_least_sample_nothing_is_decided() -> None:
    few = spread(LEAST_PAIRS - 1, 0, 0)
    assert in_shadow(A=few) == FRESH
    assert in_shadow() == FRESH
    assert in_shadow(A=spread(LEAST_PAIRS, 0, 0)).stage is Stage.ABORTED


def test_an_equal_version_goes_on_to_some_exams() -> None:
    assert in_shadow(A=spread(2, 3, 115)) == replace(FRESH, stage=Stage.CANARY)


@pytest.mark.parametrize(("old", "new", "word"), [(30, 5, "fewer"), (5, 30, "more")])
def test_one_that_finds_fewer_or_more_is_sent_back(old: int, new: int, word: str) -> None:
    back = in_shadow(A=spread(old, new, 100))
    assert back.stage is Stage.ABORTED
    assert back.reason == f"A: it finds {word}: 100 of both, {old} of the old alone, {new} of the new alone"


def test_one_that_finds_as_many_but_others_is_sent_back() -> None:
    back = in_shadow(A=spread(50, 50, 60))
    assert (back.stage, "it finds others" in back.reason) == (Stage.ABORTED, True)


def test_one_bad_event_among_good_ones_is_found() -> None:
    back = in_shadow(A=spread(1, 1, 900), B=spread(40, 1, 60))
    assert (back.stage, back.reason[:2]) == (Stage.ABORTED, "B:")
    rare = spread(LEAST_FINDINGS - 1, 0, 0)
    assert in_shadow(A=spread(1, 1, 900), B=rare).stage is Stage.CANARY  # too few of it for a word


def test_one_odd_candidate_decides_nothing() -> None:
    pairs = with_session({}, {"A": (0, 0, 30)})
    for _ in range(300):
        pairs = with_session(pairs, {"A": (1, 0, 0)})
    assert (pairs["A"].only_new, pairs["A"].more) == (30, 1)
    assert in_shadow(**pairs).stage is Stage.CANARY


def test_what_stays_undecided_after_the_last_look_leaves_the_old_version() -> None:
    rollout, looks = FRESH, 0
    for size in range(LEAST_PAIRS, 10_000, LEAST_PAIRS):
        differing = round(size * 0.14)
        one = spread(differing // 2, differing - differing // 2, size - differing)
        after = step(rollout, Counted(pairs={"A": one}, arms={}))
        looks += after.looks != rollout.looks
        rollout = after
    assert (rollout.stage, rollout.reason, looks) == (Stage.ABORTED, UNDECIDED, MOST_LOOKS)


def test_a_paused_rollout_decides_nothing_and_goes_on_as_it_was() -> None:
    paused, bad = replace(FRESH, paused=True), Counted(pairs={"A": spread(900, 0, 0)}, arms={})
    assert step(paused, bad) == paused
    assert step(replace(paused, paused=False), bad).stage is Stage.ABORTED


@pytest.mark.parametrize("stage", [Stage.PROMOTED, Stage.ABORTED])
def test_what_is_over_stays_so(stage: Stage) -> None:
    over = replace(FRESH, stage=stage)
    assert step(over, Counted(pairs={"A": spread(900, 0, 0)}, arms={})) == over


def test_somebody_may_send_it_back_at_any_time() -> None:
    back = abort(replace(FRESH, stage=Stage.CANARY, paused=True), "the proctors do not like it")
    assert (back.stage, back.paused, back.reason) == (Stage.ABORTED, False, "the proctors do not like it")


CANARY = replace(FRESH, stage=Stage.CANARY)
EXAMS = [UUID(int=number) for number in range(5_000)]


def test_a_tenth_of_the_exams_gets_the_new_version_each_as_a_whole() -> None:
    chosen = [exam for exam in EXAMS if has_new(CANARY, exam)]
    assert len(chosen) / len(EXAMS) == pytest.approx(CANARY_SHARE, abs=0.015)
    assert all(has_new(replace(CANARY, looks=3), exam) for exam in chosen)
    other = replace(CANARY, rollout_id=UUID(int=2))
    again = sum(has_new(other, exam) for exam in chosen)
    assert again / len(chosen) == pytest.approx(CANARY_SHARE, abs=0.06)  # not the same exams every time


def test_only_what_is_promoted_is_for_all() -> None:
    assert not any(has_new(replace(FRESH, stage=stage), EXAMS[0]) for stage in (Stage.SHADOW, Stage.ABORTED))
    assert not any(has_new(replace(CANARY, paused=True), exam) for exam in EXAMS)
    assert all(has_new(replace(FRESH, stage=Stage.PROMOTED), exam) for exam in EXAMS)


def exams(chance: Random, count: int, rate: float) -> tuple[float, ...]:
    """Findings per hour of so many exams, which differ among themselves."""
    return tuple(round(chance.gammavariate(4.0, rate / 4.0), 1) for _ in range(count))


def canary(chance: Random, rate_new: float) -> Rollout:
    rollout, nothing = CANARY, tuple[float, ...]()
    old, new = dict.fromkeys(EVENTS, nothing), dict.fromkeys(EVENTS, nothing)
    while rollout.stage is Stage.CANARY and len(new[EVENTS[0]]) < 100:
        for event in EVENTS:
            old[event] = (*old[event], *exams(chance, 9, 2.0))
            new[event] = (*new[event], *exams(chance, 1, rate_new))
        arms = {event: Arms(old[event], new[event]) for event in EVENTS}
        rollout = step(rollout, Counted(pairs={}, arms=arms))
    return rollout


def test_an_equal_version_is_promoted_after_enough_exams() -> None:
    old, new = (tuple(float(n % 5) for n in range(count)) for count in (90, LEAST_EXAMS))
    arms = {"A": Arms(old, new)}
    looked = step(CANARY, Counted(pairs={}, arms=arms))
    assert (looked.stage, looked.looks) == (Stage.CANARY, 1)
    more = Arms(old, tuple(float(n % 5) for n in range(PROMOTED_AFTER_EXAMS)))
    assert step(looked, Counted(pairs={}, arms={"A": more})).stage is Stage.PROMOTED


def test_by_far_most_equal_versions_are_promoted_and_worse_ones_are_not() -> None:
    equal = Counter(canary(Random(seed), 2.0).stage for seed in range(12))
    assert equal[Stage.PROMOTED] >= 11
    assert all(canary(Random(seed), 0.3).stage is Stage.ABORTED for seed in range(3))
    assert all(canary(Random(seed), 9.0).stage is Stage.ABORTED for seed in range(3))


@cache
def session(away_old: tuple[float, ...], away_new: tuple[float, ...]) -> dict[str, tuple[int, int, int]]:
    """What the rules find for both versions in an exam, if they see nobody for 25 s from these times on."""
    agreement = Agreement(monitor_settings(Policy()))
    for at in times(0, 170, 2.0):
        old, new = (
            frame(at, faces=() if any(start <= at < start + 25 for start in away) else ONE)
            for away in (away_old, away_new)
        )
        agreement.observe(old, new)
    agreement.finish(170)
    return {event.value: (one.both, one.only_old, one.only_new) for event, one in agreement.tallies.items()}


def shadowed(chance: Random, missed: float, invented: float) -> Rollout:
    """A rollout in the shadow of exams in which candidates leave. The old version misses a little, the new
    one misses and invents what is said."""
    pairs, rollout = dict[str, Pairs](), FRESH
    while rollout.stage is Stage.SHADOW:
        away_old, away_new = (
            tuple(start for start in (15.0, 55.0, 95.0) if chance.random() >= lost) for lost in (0.01, missed)
        )
        more = (135.0,) if chance.random() < invented else ()
        pairs = with_session(pairs, session(away_old, away_new + more))
        rollout = step(rollout, Counted(pairs=pairs, arms={}))
    return rollout


def test_over_the_real_rules_an_equal_version_passes_the_shadow() -> None:
    assert shadowed(Random(11), missed=0.01, invented=0.01).stage is Stage.CANARY


@pytest.mark.parametrize(("missed", "invented", "word"), [(0.3, 0.0, "fewer"), (0.01, 0.7, "more")])
def test_over_the_real_rules_a_version_made_worse_on_purpose_is_sent_back(
    missed: float, invented: float, word: str
) -> None:
    back = shadowed(Random(12), missed=missed, invented=invented)
    assert (back.stage, f"FACE_NOT_FOUND: it finds {word}" in back.reason) == (Stage.ABORTED, True)


def test_an_equal_version_is_seldom_sent_back_however_often_it_is_looked_at() -> None:
    sent_back = 0
    for seed in range(100):
        chance, rollout, counts = Random(seed), FRESH, Counter[int]()
        while rollout.stage is Stage.SHADOW:
            counts.update(chance.choices((0, 1, 2), (0.9, 0.05, 0.05), k=LEAST_PAIRS))
            pairs = {"A": spread(only_old=counts[1], only_new=counts[2], both=counts[0])}
            rollout = step(rollout, Counted(pairs=pairs, arms={}))
        sent_back += rollout.stage is Stage.ABORTED
    assert sent_back <= 4


def test_nothing_found_proves_nothing() -> None:
    assert not look_at_pairs({}, 0.01).alike
