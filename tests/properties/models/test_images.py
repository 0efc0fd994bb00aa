"""Geometry that returns to where it came from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from models.images import from_region, region_transform, similarity_transform
from models.results import Floats, Region

TRIANGLE = np.array([[10, 10], [30, 12], [18, 40]], np.float32)


@given(
    turn_rad=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_similarity_transform_finds_the_map_that_made_the_points(
    turn_rad: float, scale: float, shift: tuple[float, float]
) -> None:
    c, s = math.cos(turn_rad) * scale, math.sin(turn_rad) * scale
    made = (TRIANGLE @ np.array([[c, s], [-s, c]]) + shift).astype(np.float32)
    matrix = similarity_transform(TRIANGLE, made)
    assert matrix == pytest.approx(np.array([[c, -s, shift[0]], [s, c, shift[1]]]), abs=1e-2)


@given(angle_rad=st.floats(-3.1, 3.1), side_px=st.floats(20, 400), x_px=st.floats(-50, 700))
def test_points_of_a_cut_return_to_where_they_came_from(
    angle_rad: float, side_px: float, x_px: float
) -> None:
    region = Region(x_px, 200.0, side_px, angle_rad)
    matrix = region_transform(region, 192)
    here = np.array([[x_px + 7, 190.0, 1.0]])
    in_cut: Floats = np.column_stack([here @ matrix.T, [0.0]]).astype(np.float32)
    assert from_region(in_cut, region, 192)[0, :2] == pytest.approx(here[0, :2], abs=0.05)
