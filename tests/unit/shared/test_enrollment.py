"""The best pictures and their mean embedding."""

import math
from collections.abc import Sequence

import pytest

from shared.enrollment import best_pictures, bytes_of, floats_of, mean_embedding, mean_templates
from shared.errors import Corrupt


@pytest.mark.parametrize(
    ("qualities", "expected"),
    [
        ([], ()),
        ([0.4], (0,)),
        ([0.2, 0.9, 0.5, 0.7], (1, 3, 2)),
        ([0.5, 0.5, 0.5, 0.5], (0, 1, 2)),
    ],
)
def test_the_best_three_come_first_and_equals_keep_their_order(
    qualities: list[float], expected: tuple[int, ...]
) -> None:
    assert best_pictures(qualities) == expected


def test_a_long_embedding_weighs_no_more_than_a_short_one() -> None:
    mean = mean_embedding([(100.0, 0.0), (0.0, 1.0)])
    assert mean == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))


@pytest.mark.parametrize(
    "embeddings",
    [[], [(0.0, 0.0)], [(math.nan, 1.0)], [(math.inf, 1.0)], [(1.0,), (1.0, 0.0)], [(1.0, 0.0), (-1.0, 0.0)]],
)
def test_what_has_no_mean_is_refused(embeddings: Sequence[Sequence[float]]) -> None:
    with pytest.raises(Corrupt):
        mean_embedding(embeddings)


def test_only_recognisers_that_saw_every_picture_get_a_template() -> None:
    templates = mean_templates([{"a@1": (1.0, 0.0), "b@1": (1.0,)}, {"a@1": (1.0, 0.0)}])
    assert templates == {"a@1": (1.0, 0.0)}
    assert mean_templates([]) == {}


def test_vectors_travel_as_little_endian_float32() -> None:
    assert bytes_of((1.0, -2.0)) == b"\x00\x00\x80\x3f\x00\x00\x00\xc0"
    assert floats_of(bytes_of((0.5, 0.25))) == (0.5, 0.25)
    for broken in (b"", b"\x00\x00\x80"):
        with pytest.raises(Corrupt):
            floats_of(broken)
