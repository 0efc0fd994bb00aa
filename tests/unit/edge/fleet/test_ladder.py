"""One level at a time, down after some seconds of strain, up after half a minute of calm."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from edge.fleet.ladder import (
    BOUNDS,
    CALM_S,
    LONGEST_CALM_S,
    RELAPSE_S,
    Load,
    Rung,
    Strain,
    step,
)
from shared.events.looks import LOWEST_LEVEL

BEST = 1
QUIET: Load = dict.fromkeys(Strain, 0.0)
TOO_MUCH: Load = {**QUIET, Strain.LAG: 0.6}
BETWEEN: Load = {**QUIET, Strain.LAG: 0.4}


def levels(loads: Iterable[Load], rung: Rung | None = None) -> list[tuple[int, int]]:
    """Each change of the level as (second, level), one load a second."""
    rung, changes = rung or Rung(BEST), []
    for now_s, load in enumerate(loads):
        after = step(rung, load, float(now_s), best=BEST)
        if after.level != rung.level:
            changes.append((now_s, after.level))
        rung = after
    return changes


def last(loads: Iterable[Load], rung: Rung | None = None) -> Rung:
    rung = rung or Rung(BEST)
    for now_s, load in enumerate(loads):
        rung = step(rung, load, float(now_s), best=BEST)
    return rung


@pytest.mark.parametrize("strain", Strain)
def test_each_trigger_asks_for_fewer_frames_then_lowers_the_level_and_is_named(strain: Strain) -> None:
    loads = [{**QUIET, strain: BOUNDS[strain].strained + 0.01}] * 9
    assert not last(loads[:3]).fewer_frames
    assert (last(loads[:4]).level, last(loads[:4]).fewer_frames, last(loads[:4]).why) == (
        BEST,
        True,
        (strain,),
    )
    assert levels(loads) == [(8, 2)]
    assert (last(loads).fewer_frames, last(loads).why) == (True, (strain,))


def test_fewer_frames_may_be_enough_and_are_taken_back_after_calm() -> None:
    eased = [TOO_MUCH] * 4 + [QUIET] * 60
    assert levels(eased) == []
    assert last(eased[:33]).fewer_frames
    assert not last(eased[:35]).fewer_frames
    assert last(eased).why == ()


def test_between_the_bounds_pages_keep_sending_fewer_frames() -> None:
    rung = last([TOO_MUCH] * 4 + [BETWEEN] * 300)
    assert (rung.level, rung.fewer_frames) == (BEST, True)


@pytest.mark.parametrize("strain", Strain)
def test_a_value_at_its_bound_changes_nothing(strain: Strain) -> None:
    assert levels([{**QUIET, strain: BOUNDS[strain].strained}] * 60) == []


def test_a_short_strain_changes_nothing_and_does_not_add_up() -> None:
    assert levels(([TOO_MUCH] * 3 + [QUIET]) * 10) == []


def test_lasting_strain_goes_down_one_level_at_a_time_to_the_lowest() -> None:
    assert levels([TOO_MUCH] * 40) == [(8, 2), (13, 3), (18, 4)]
    assert last([TOO_MUCH] * 400).level == LOWEST_LEVEL


def test_calm_goes_up_one_level_at_a_time_to_the_best() -> None:
    loads = [TOO_MUCH] * 15 + [QUIET] * 120
    assert levels(loads) == [(8, 2), (13, 3), (45, 2), (55, 1)]
    assert (last(loads[:60]).fewer_frames, last(loads[:60]).why) == (True, (Strain.LAG,))
    assert not last(loads[:66]).fewer_frames
    assert (last(loads).fewer_frames, last(loads).why) == (False, ())
    assert last([TOO_MUCH] * 15 + [QUIET] * 40).why == (Strain.LAG,)


def test_from_the_lowest_level_it_is_back_within_a_minute_of_calm() -> None:
    changes = levels([TOO_MUCH] * 40 + [QUIET] * 120)
    assert changes == [(8, 2), (13, 3), (18, 4), (70, 3), (80, 2), (90, 1)]


def test_calm_that_ends_between_two_steps_up_begins_anew() -> None:
    loads = [TOO_MUCH] * 15 + [QUIET] * 32 + [BETWEEN] + [QUIET] * 40
    assert levels(loads) == [(8, 2), (13, 3), (45, 2), (78, 1)]


def test_between_the_bounds_the_level_stays_and_calm_begins_anew() -> None:
    assert levels([TOO_MUCH] * 9 + [BETWEEN] * 300) == [(8, 2)]
    assert levels([TOO_MUCH] * 9 + ([QUIET] * 29 + [BETWEEN]) * 5) == [(8, 2)]


def test_an_unknown_value_is_no_strain() -> None:
    assert levels([{}] * 60) == []
    assert levels([TOO_MUCH] * 9 + [{}] * 40) == [(8, 2), (39, 1)]


def test_a_node_at_its_limit_waits_twice_as_long_before_each_next_attempt() -> None:
    def loads() -> Iterable[Load]:
        rung = Rung(BEST)
        for now_s in range(3_000):
            load = TOO_MUCH if rung.level == BEST else QUIET
            yield load
            rung = step(rung, load, float(now_s), best=BEST)

    ups = [at for at, level in levels(loads()) if level == BEST]
    waits = [after - before for before, after in pairwise(ups)]
    assert waits == sorted(waits)
    assert waits[:3] == pytest.approx([66, 126, 246], abs=6)
    assert max(waits) <= LONGEST_CALM_S + 10


def test_after_a_recovery_that_lasted_the_next_one_is_quick_again() -> None:
    relapsed = last([TOO_MUCH] * 4 + [QUIET] * 31 + [TOO_MUCH] * 6)
    assert relapsed.wanted_calm_s == 2 * CALM_S
    lasting = [QUIET] * int(2 * CALM_S + RELAPSE_S + 5)
    assert last([TOO_MUCH] * 4 + [QUIET] * 31 + [TOO_MUCH] * 6 + lasting).wanted_calm_s == CALM_S


def test_a_node_whose_best_level_is_lower_stays_below_the_others() -> None:
    rung = Rung(2)
    for now_s in range(100):
        rung = step(rung, QUIET, float(now_s), best=2)
    assert rung.level == 2
