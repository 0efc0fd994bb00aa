"""The scale rises with every score."""

from __future__ import annotations

from hypothesis import given, strategies as st

from models.similarity import Similarity

SCALE = Similarity(((0.0, 0.5), (0.2, 0.6), (0.3, 0.75), (0.7, 0.85), (1.0, 1.0)))


@given(a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_a_higher_score_is_never_less_similar(a: float, b: float) -> None:
    assert SCALE.of(min(a, b)) <= SCALE.of(max(a, b))
