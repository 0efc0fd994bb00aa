"""Statistics of whole frames."""

from __future__ import annotations

import numpy as np
import pytest

from models.picture import statistics, thumbnail


def test_a_covered_camera_is_dark_and_even() -> None:
    seen = statistics(thumbnail(np.full((480, 640, 3), 5, np.uint8)), None)
    assert seen.mean_luma == pytest.approx(5)
    assert seen.luma_variance == pytest.approx(0)
    assert seen.change is None


def test_the_same_frame_twice_has_not_changed_and_a_brighter_one_has() -> None:
    frame = np.random.default_rng(1).integers(0, 200, (480, 640, 3), np.uint8)
    before = thumbnail(frame)
    assert statistics(thumbnail(frame), before).change == 0
    assert statistics(thumbnail(frame + np.uint8(10)), before).change == pytest.approx(10, abs=1)


def test_a_luma_plane_counts_like_its_picture() -> None:
    grey = np.random.default_rng(2).integers(0, 255, (480, 640), np.uint8)
    plane, picture = thumbnail(grey), thumbnail(np.repeat(grey[..., None], 3, axis=2))
    assert np.abs(plane.astype(int) - picture).max() <= 1


def test_variance_is_in_squared_levels() -> None:
    halves = np.zeros((480, 640), np.uint8)
    halves[:, 320:] = 200
    assert statistics(thumbnail(halves), None).luma_variance == pytest.approx(100**2, rel=0.01)


def test_change_is_told_where_it_is_largest_however_small_the_place() -> None:
    still = np.full((480, 640, 3), 100, np.uint8)
    blinking = still.copy()
    blinking[200:240, 300:340] = 140
    change = statistics(thumbnail(blinking), thumbnail(still)).change
    assert change is not None
    assert change > 10
