"""What does not need weights: comparing embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from models.recognition import ARCFACE, REIDENTIFICATION
from models.results import Embedding
from tests.support.recognisers import judge


def vector(*values: float) -> Embedding:
    return Embedding("judge@1", np.array(values, np.float32))


def test_the_cosine_of_vectors_of_length_one_is_their_score() -> None:
    assert judge(ARCFACE).native_score(vector(1, 0), vector(0.6, 0.8)) == pytest.approx(0.6)


@pytest.mark.parametrize("swapped", [False, True])
def test_embeddings_of_another_recogniser_are_never_compared(*, swapped: bool) -> None:
    pair = vector(1, 0), Embedding("judge@2", np.array([1, 0], np.float32))
    with pytest.raises(ValueError, match="judge@2"):
        judge(REIDENTIFICATION).similarity(*(pair[::-1] if swapped else pair))
