"""Marks against their definition, counted the slow way."""

from __future__ import annotations

from hypothesis import given, strategies as st

from coordinator.nodes.marks import Progress, commit, step_over

sequences = st.lists(st.integers(1, 60), max_size=60)


def contiguous(numbers: set[int]) -> int:
    """The definition, counted the slow way."""
    mark = 0
    while mark + 1 in numbers:
        mark += 1
    return mark


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
