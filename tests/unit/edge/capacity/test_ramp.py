"""Which number of sessions is tried next, when one holds, and what the rating is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.capacity.ramp import DECISION_S, Attempt, limits_passed, next_sessions, rating_of

LATE = ("decision-late",)


def climbed(holds: Callable[[int, int], bool], most: int = 500) -> list[Attempt]:
    """All steps of a host on which a number holds in its so manieth try, or not."""
    steps: list[Attempt] = []
    while (sessions := next_sessions(steps, most)) is not None:
        tries = sum(step.sessions == sessions for step in steps)
        steps.append(Attempt(sessions, () if holds(sessions, tries) else LATE))
        assert len(steps) < 40
    return steps


@pytest.mark.parametrize("carries", [0, 1, 2, 3, 5, 6, 7, 8, 31, 100, 499, 500])
def test_the_most_sessions_that_hold_are_found(carries: int) -> None:
    steps = climbed(lambda sessions, _: sessions <= carries)
    assert rating_of(steps) == carries
    assert max(step.sessions for step in steps) <= max(1, 2 * carries)
    assert len(steps) <= 30


def test_numbers_double_and_then_halve_the_distance() -> None:
    tried = [step.sessions for step in climbed(lambda sessions, _: sessions <= 5)]
    assert tried == [1, 2, 4, 8, 8, 6, 6, 5]


def test_a_number_that_fails_once_is_tried_again_and_counts_if_it_holds() -> None:
    steps = climbed(lambda sessions, tries: sessions <= 4 or (sessions == 8 and tries == 1), most=8)
    assert [step.sessions for step in steps] == [1, 2, 4, 8, 8]
    assert rating_of(steps) == 8


def test_no_more_than_the_most_is_tried() -> None:
    assert [step.sessions for step in climbed(lambda *_: True, most=5)] == [1, 2, 4, 5]


def test_when_the_time_is_over_the_rating_is_the_most_that_held_so_far() -> None:
    assert rating_of([]) == 0
    assert rating_of([Attempt(1, LATE), Attempt(1)]) == 1
    assert rating_of([Attempt(1), Attempt(2), Attempt(4, LATE)]) == 2


@pytest.mark.parametrize(
    ("decision_p95_s", "dropped", "outcomes", "strains", "passed"),
    [
        (DECISION_S, {}, {"done": 9}, (), ()),
        (DECISION_S + 0.001, {}, {}, (), ("decision-late",)),
        (None, {}, {}, (), ("nothing-analysed",)),
        (0.1, {"analysis_busy": 4, "superseded": 2, "not_watched": 3, "undecodable": 0}, {}, (), ()),
        (0.1, {"video_packet_lost": 1, "loop_busy": 2}, {}, (), ("lost-loop_busy", "lost-video_packet_lost")),
        (0.1, {}, {"stale": 1, "done": 90, "cancelled": 1}, (), ("call-stale",)),
        (0.1, {}, {}, ("cpu", "loop-lag"), ("ladder-cpu", "ladder-loop-lag")),
        (
            0.4,
            {"damaged": 1},
            {"failed": 1},
            ("memory",),
            (*LATE, "lost-damaged", "call-failed", "ladder-memory"),
        ),
    ],
)
def test_each_limit_that_is_passed_is_named(
    decision_p95_s: float | None,
    dropped: dict[str, int],
    outcomes: dict[str, int],
    strains: tuple[str, ...],
    passed: tuple[str, ...],
) -> None:
    assert limits_passed(decision_p95_s, dropped, outcomes, strains) == passed


def test_candidates_or_workers_that_are_gone_let_no_number_hold() -> None:
    assert limits_passed(0.1, {}, {"done": 9}, (), unwatched=1, ended=2) == ("not-watched", "worker-ended")
    assert limits_passed(0.1, {}, {"done": 9}, (), unwatched=0, ended=0) == ()
