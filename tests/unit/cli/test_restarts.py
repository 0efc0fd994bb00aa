"""A program that dies is started again, one that keeps dying or needs a person is not."""

from __future__ import annotations

import signal

import pytest

from cli.restarts import FOR_A_PERSON, LONGEST_PAUSE_S, MAX_RESTARTS, WINDOW_S, restart_after_s

KILLED = -signal.SIGKILL


def test_pauses_grow_while_a_program_keeps_dying_and_then_it_stays_down() -> None:
    ends = [float(second) for second in range(MAX_RESTARTS + 1)]
    pauses = [restart_after_s(ends[: number + 1], KILLED) for number in range(len(ends))]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, None]


def test_ends_long_ago_do_not_count() -> None:
    assert restart_after_s([0.0] * MAX_RESTARTS + [WINDOW_S + 0.1], KILLED) == 0.2
    assert restart_after_s([0.0] * MAX_RESTARTS + [WINDOW_S], KILLED) is None


@pytest.mark.parametrize(("status", "again"), [(1, True), (0, True), (KILLED, True), (FOR_A_PERSON, False)])
def test_what_a_person_must_fix_is_not_tried_again(status: int, again: bool) -> None:
    assert (restart_after_s([5.0], status) is not None) is again


def test_no_pause_is_longer_than_the_longest() -> None:
    assert all(
        (restart_after_s([0.0] * count, KILLED) or 0.0) <= LONGEST_PAUSE_S
        for count in range(1, MAX_RESTARTS + 1)
    )
