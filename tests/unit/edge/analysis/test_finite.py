"""What consists of numbers throughout, and what hides something else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.analysis.finite import is_finite
from models.results import Box, Face, Mesh

LANDMARKS = np.zeros((5, 2), np.float32)
POINTS = np.zeros((468, 3), np.float32)


def face(x_px: float = 1.0, point: float = 0.0) -> Face:
    points = POINTS.copy()
    points[467, 2] = point
    return Face(Box(x_px, 2.0, 3.0, 4.0), LANDMARKS, 0.9, Mesh(points, 0.5))


@pytest.mark.parametrize(
    "value",
    [None, "nan", 0.0, 3, True, np.float32(2), np.arange(3), (face(), face()), {"a": 0.5}, [face(), None]],
)
def test_numbers_and_what_holds_none_are_finite(value: object) -> None:
    assert is_finite(value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_found_wherever_it_stands(bad: float) -> None:
    hidden = [
        bad,
        np.float32(bad),
        np.array([0.0, bad], np.float32),
        (face(), face(x_px=bad)),
        (face(point=bad),),
        {"typing": bad},
        [(None, (0.5, bad))],
    ]
    assert [is_finite(each) for each in hidden] == [False] * len(hidden)
