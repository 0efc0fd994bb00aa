from __future__ import annotations

import pytest

from coordinator.nodes.marks import MAX_RANGES, Progress, commit


@pytest.mark.parametrize(
    ("before", "arriving", "after"),
    [
        (Progress(), [1, 2, 3], Progress(3)),
        (Progress(), [2], Progress(0, ((2, 2),))),
        (Progress(3), [5, 6, 8], Progress(3, ((5, 6), (8, 8)))),
        (Progress(3, ((5, 6),)), [4], Progress(6)),
        (Progress(3, ((5, 6), (8, 8))), [7], Progress(3, ((5, 8),))),
        (Progress(3), [1, 2, 3], Progress(3)),
        (Progress(3), [], Progress(3)),
    ],
)
def test_a_mark_moves_only_when_nothing_is_missing_below(
    before: Progress, arriving: list[int], after: Progress
) -> None:
    assert commit(before, arriving) == after


def test_ranges_are_bounded_and_the_gap_still_fills() -> None:
    every_second = commit(Progress(), range(2, 10_000, 2))
    assert len(every_second.beyond) == MAX_RANGES
    assert commit(every_second, [1]) == Progress(2, every_second.beyond[1:])
    assert commit(every_second, range(1, 10_000)).mark == 9_999
