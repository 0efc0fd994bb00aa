"""A share and its bounds, for any counts."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from edge.accuracy.statistics import Share


@settings(max_examples=50)
@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_lies_between_its_bounds(count: int, more: int) -> None:
    share = Share(count, count + more)
    low, high = share.bounds
    assert 0.0 <= low <= high <= 1.0
    assert share.value is None or low <= share.value <= high
