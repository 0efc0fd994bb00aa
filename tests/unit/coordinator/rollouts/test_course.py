"""A worse version is found and sent back by the rule, an equal one promoted; an exam is never divided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random
from time import process_time
from uuid import UUID

import pytest

from coordinator.rollouts.course import (
    MOST_LOOKS,
    UNDECIDED,
    Counted,
    Rollout,
    Stage,
    Terms,
    abort,
    has_new,
    step,
)
from coordinator.rollouts.evidence import MOST_EXAMS, Arms, Pairs, weigh_exams, weigh_pairs, with_session
from coordinator.rollouts_section import RolloutsSection
from edge.judging.agreement import Agreement
from edge.judging.policy_settings import monitor_settings
from shared.policy.schema import Policy
from tests.support.observations import ONE, frame, times

TERMS = Terms()
FRESH = Rollout(rollout_id=UUID(int=1))
EVENTS = ("FACE_NOT_FOUND", "GAZE_OFF_SCREEN", "MULTIPLE_FACES")


def in_shadow(**pairs: Pairs) -> Rollout:
    return step(FRESH, Counted(pairs=pairs, arms={}), TERMS)


def spread(only_old: int, only_new: int, both: int) -> Pairs:
    """One finding a session."""
    return Pairs(both=both, only_old=only_old, only_new=only_new, fewer=only_old, more=only_new)


def test_before_the_least_sample_nothing_is_decided() -> None:
    few = spread(TERMS.least_findings - 1, 0, 0)
    assert in_shadow(A=few) == FRESH
    assert in_shadow() == FRESH
    assert in_shadow(A=spread(TERMS.least_findings, 0, 0)).stage is Stage.ABORTED


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
    rare = spread(TERMS.least_of_event - 1, 0, 0)
    assert in_shadow(A=spread(1, 1, 900), B=rare).stage is Stage.CANARY  # too few of it for a word


def test_one_odd_candidate_decides_nothing() -> None:
    pairs = with_session({}, {"A": (0, 0, 30)})
    for _ in range(300):
        pairs = with_session(pairs, {"A": (1, 0, 0)})
    assert (pairs["A"].only_new, pairs["A"].more) == (30, 1)
    assert in_shadow(**pairs).stage is Stage.CANARY


def test_each_look_spends_only_its_part_of_what_a_false_word_may_cost() -> None:
    one = spread(13, 2, 400)  # by chance alone once in 135 times: below 0.02 / (1·2), above 0.02 / (2·3)
    assert in_shadow(A=one).stage is Stage.ABORTED
    second = step(replace(FRESH, looks=1), Counted(pairs={"A": one}, arms={}), TERMS)
    assert second.stage is Stage.CANARY


def test_what_is_decided_by_is_what_settings_say_when_nobody_sets_anything() -> None:
    assert Terms(**RolloutsSection().model_dump(exclude={"look_every_s"})) == TERMS
    assert (TERMS.canary_share, TERMS.false_word) == (0.10, 0.02)


def test_what_stays_undecided_after_the_last_look_leaves_the_old_version() -> None:
    rollout, looks = FRESH, 0
    for size in range(TERMS.least_findings, 10_000, TERMS.least_findings):
        differing = round(size * 0.14)
        one = spread(differing // 2, differing - differing // 2, size - differing)
        after = step(rollout, Counted(pairs={"A": one}, arms={}), TERMS)
        looks += after.looks != rollout.looks
        rollout = after
    assert (rollout.stage, rollout.reason, looks) == (Stage.ABORTED, UNDECIDED, MOST_LOOKS)


@pytest.mark.parametrize("stage", [Stage.PROMOTED, Stage.ABORTED])
def test_what_is_over_stays_so(stage: Stage) -> None:
    over = replace(FRESH, stage=stage)
    assert step(over, Counted(pairs={"A": spread(900, 0, 0)}, arms={}), TERMS) == over


def test_somebody_may_send_it_back_at_any_time() -> None:
    back = abort(replace(FRESH, stage=Stage.CANARY), "the proctors do not like it")
    assert (back.stage, back.reason) == (Stage.ABORTED, "the proctors do not like it")


CANARY = replace(FRESH, stage=Stage.CANARY)
EXAMS = [UUID(int=number) for number in range(5_000)]


def test_a_tenth_of_the_exams_gets_the_new_version_each_as_a_whole() -> None:
    chosen = [exam for exam in EXAMS if has_new(CANARY, exam, TERMS.canary_share)]
    assert len(chosen) / len(EXAMS) == pytest.approx(TERMS.canary_share, abs=0.015)
    assert all(has_new(replace(CANARY, looks=3), exam, TERMS.canary_share) for exam in chosen)
    other = replace(CANARY, rollout_id=UUID(int=2))
    again = sum(has_new(other, exam, TERMS.canary_share) for exam in chosen)
    assert again / len(chosen) == pytest.approx(TERMS.canary_share, abs=0.06)  # not the same exams every time


def test_only_what_is_promoted_is_for_all() -> None:
    assert not any(
        has_new(replace(FRESH, stage=stage), EXAMS[0], TERMS.canary_share)
        for stage in (Stage.SHADOW, Stage.ABORTED)
    )
    assert all(has_new(replace(FRESH, stage=Stage.PROMOTED), exam, TERMS.canary_share) for exam in EXAMS)


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
        rollout = step(rollout, Counted(pairs={}, arms=arms), TERMS)
    return rollout


def test_an_equal_version_is_promoted_after_enough_exams() -> None:
    old, new = (tuple(float(n % 5) for n in range(count)) for count in (90, TERMS.least_exams))
    arms = {"A": Arms(old, new)}
    looked = step(CANARY, Counted(pairs={}, arms=arms), TERMS)
    assert (looked.stage, looked.looks) == (Stage.CANARY, 1)
    more = Arms(old, tuple(float(n % 5) for n in range(TERMS.promoted_after_exams)))
    assert step(looked, Counted(pairs={}, arms={"A": more}), TERMS).stage is Stage.PROMOTED


@pytest.mark.parametrize("after", [16, 20, 60])
def test_a_canary_ends_after_as_many_exams_as_are_asked_for(after: int) -> None:
    rollout, terms = CANARY, replace(TERMS, promoted_after_exams=after)
    for count in range(1, after + 1):
        assert rollout.stage is Stage.CANARY
        new = tuple(float(n % 5) for n in range(count))
        rollout = step(rollout, Counted(pairs={}, arms={"A": Arms(new * 9, new)}), terms)
    assert rollout.stage is Stage.PROMOTED


def test_many_exams_with_the_new_version_do_not_hide_it_from_comparison() -> None:
    arms = {"A": Arms((1.0,) * MOST_EXAMS, (9.0,) * MOST_EXAMS)}
    started = process_time()
    assert weigh_exams(arms, 0.01).worse
    assert process_time() - started < 3


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
        rollout = step(rollout, Counted(pairs=pairs, arms={}), TERMS)
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
            counts.update(chance.choices((0, 1, 2), (0.9, 0.05, 0.05), k=TERMS.least_findings))
            pairs = {"A": spread(only_old=counts[1], only_new=counts[2], both=counts[0])}
            rollout = step(rollout, Counted(pairs=pairs, arms={}), TERMS)
        sent_back += rollout.stage is Stage.ABORTED
    assert sent_back <= 4


def test_nothing_found_proves_nothing() -> None:
    assert not weigh_pairs({}, 0.01, 1).alike
