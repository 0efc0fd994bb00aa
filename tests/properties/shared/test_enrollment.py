"""A mean of embeddings has length one or none at all."""

import math

import pytest
from hypothesis import given, strategies as st

from shared.enrollment import mean_embedding
from shared.errors import Corrupt


@given(
    st.lists(
        st.lists(st.floats(-10, 10, width=32), min_size=4, max_size=4).filter(
            lambda values: sum(map(abs, values)) > 0.1
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_mean_has_length_one_or_no_direction(embeddings: list[list[float]]) -> None:
    try:
        mean = mean_embedding(embeddings)
    except Corrupt:
        assert len(embeddings) > 1  # one embedding alone always has its direction
    else:
        assert math.hypot(*mean) == pytest.approx(1.0)
