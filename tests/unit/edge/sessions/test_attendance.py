"""A seat is held by who is here or due."""

from __future__ import annotations

import pytest

from edge.sessions.attendance import Attendance, attended, holds_seat

WINDOW_S = 900.0


def after(*looks: tuple[float, str]) -> Attendance | None:
    attendance: Attendance | None = None
    for now_s, phase in looks:
        attendance = attended(attendance, phase, now_s)
    return attendance


@pytest.mark.parametrize(
    ("looks", "now_s", "held"),
    [
        ([], 10_000, True),
        ([(0, "waiting")], 899.9, True),
        ([(0, "waiting"), (400, "waiting")], 899.9, True),
        ([(0, "waiting"), (895, "waiting")], 900, False),
        ([(0, "waiting"), (5, "watching")], 9_000, True),
        ([(0, "watching"), (3_000, "waiting")], 3_899, True),
        ([(0, "watching"), (3_000, "silent"), (3_005, "waiting")], 3_900, False),
        ([(0, "waiting"), (950, "watching")], 951, True),
        ([(0, "waiting"), (950, "watching"), (960, "waiting")], 1_859, True),
        ([(0, "waiting"), (10, "paused")], 9_000, True),
        ([(0, "withheld")], 9_000, True),
    ],
)
def test_a_seat_is_held_by_who_is_here_or_due(
    looks: list[tuple[float, str]], now_s: float, held: bool
) -> None:
    assert holds_seat(after(*looks), now_s, WINDOW_S) is held
