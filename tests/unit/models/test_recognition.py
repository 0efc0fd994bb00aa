"""What does not need weights: comparing embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.recognition import ARCFACE, DLIB, REIDENTIFICATION, Recipe, Recogniser, on_sphere
from models.results import Embedding
from models.similarity import Similarity

SCALE = Similarity(((-1.0, 0.0), (1.0, 1.0)))


class Silent:
    """A network nobody asks here."""

    device = "none"

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
        raise AssertionError("no network is needed to compare")


def judge(recipe: Recipe) -> Recogniser:
    return Recogniser("judge@1", Silent(), recipe, SCALE)


def vector(*values: float) -> Embedding:
    return Embedding("judge@1", np.array(values, np.float32))


def test_the_cosine_of_vectors_of_length_one_is_their_score() -> None:
    assert judge(ARCFACE).native_score(vector(1, 0), vector(0.6, 0.8)) == pytest.approx(0.6)


@pytest.mark.parametrize("swapped", [False, True])
def test_embeddings_of_another_recogniser_are_never_compared(*, swapped: bool) -> None:
    pair = vector(1, 0), Embedding("judge@2", np.array([1, 0], np.float32))
    with pytest.raises(ValueError, match="judge@2"):
        judge(REIDENTIFICATION).similarity(*(pair[::-1] if swapped else pair))


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
