"""Lifting onto the sphere keeps distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from models.recognition import DLIB, on_sphere
from models.results import Embedding
from tests.support.recognisers import judge


@given(
    st.lists(st.floats(-0.25, 0.25, width=32), min_size=16, max_size=16),
    st.lists(st.floats(-0.25, 0.25, width=32), min_size=16, max_size=16),
)
def test_lifted_vectors_have_length_one_and_keep_their_distances(
    one: list[float], other: list[float]
) -> None:
    a, b = np.array(one, np.float32), np.array(other, np.float32)
    lifted = [on_sphere(v, 4.0) / 4 for v in (a, b)]
    assert np.linalg.norm(lifted[0]) == pytest.approx(1.0, abs=1e-5)
    score = judge(DLIB).native_score(*(Embedding("judge@1", v.astype(np.float32)) for v in lifted))
    apart, longer = float(np.linalg.norm(a - b)), abs(float(np.linalg.norm(a) - np.linalg.norm(b)))
    assert apart - 1e-3 <= -score <= apart + 0.4 * longer + 1e-3
