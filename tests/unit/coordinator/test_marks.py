from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.nodes.marks import MAX_RANGES, Progress, commit, step_over

sequences = st.lists(st.integers(1, 60), max_size=60)


def contiguous(numbers: set[int]) -> int:
    """The definition, counted the slow way."""
    mark = 0
    while mark + 1 in numbers:
        mark += 1
    return mark


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


@given(st.lists(sequences, max_size=5))
def test_the_mark_is_the_longest_unbroken_start_in_any_order_and_grouping(batches: list[list[int]]) -> None:
    progress, all_of_them = Progress(), set[int]()
    for batch in batches:
        progress, all_of_them = commit(progress, batch), all_of_them | set(batch)
        assert progress.mark == contiguous(all_of_them)
        beyond = {n for first, last in progress.beyond for n in range(first, last + 1)}
        assert beyond == {n for n in all_of_them if n > progress.mark}


@given(st.lists(sequences, max_size=3), st.integers(1, 70))
def test_stepping_over_gives_up_exactly_what_is_missing_below(batches: list[list[int]], below: int) -> None:
    progress = Progress()
    for batch in batches:
        progress = commit(progress, batch)
    seen = {n for batch in batches for n in batch}
    stepped, lost = step_over(progress, below)
    assert lost == len(set(range(1, below)) - seen)
    assert stepped.mark == contiguous(seen | set(range(1, below)))


def test_ranges_are_bounded_and_the_gap_still_fills() -> None:
    every_second = commit(Progress(), range(2, 10_000, 2))
    assert len(every_second.beyond) == MAX_RANGES
    assert commit(every_second, [1]) == Progress(2, every_second.beyond[1:])
    assert commit(every_second, range(1, 10_000)).mark == 9_999
