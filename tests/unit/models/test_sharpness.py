"""Sharpness depends on blur, and on nothing else that a camera changes."""

from __future__ import annotations

import numpy as np
import pytest

from models.images import Image
from models.results import Box
from models.sharpness import Sharpness, sharpness_of
from shared.policy.terms import ENROLLMENT_GATE
from tests.support.variations import blurred, drawn, lit, moved, scaled

LINE = ENROLLMENT_GATE.min_sharpness or 0.0


def of(picture: Image) -> Sharpness:
    height_px, width_px = picture.shape[:2]
    return sharpness_of(picture, Box(0, 0, width_px, height_px))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.4, 0.7, 1.2])
def test_light_and_contrast_do_not_move_it(seed: int, factor: float) -> None:
    picture = drawn(seed)
    assert of(lit(picture, factor)).value == pytest.approx(of(lit(picture, 1.0)).value, rel=0.1)


def test_it_is_the_same_for_a_dark_and_a_light_surface() -> None:
    light = drawn().astype(np.float32) * 0.5 + 120
    dark = drawn().astype(np.float32) * 0.25 + 10
    assert of(dark.astype(np.uint8)).value == pytest.approx(of(light.astype(np.uint8)).value, rel=0.1)


@pytest.mark.parametrize("side_px", [80, 120, 200])
def test_size_does_not_decide(side_px: int) -> None:
    picture = drawn()
    assert of(scaled(picture, side_px / 320)).value == pytest.approx(of(picture).value, rel=0.3)
    # The same share of the face's width smears a small face as much as a large one.
    soft = blurred(picture, 0.025 * 320)
    assert of(scaled(soft, side_px / 320)).value == pytest.approx(of(soft).value, rel=0.3)


@pytest.mark.parametrize("noise", [3, 8])
def test_noise_is_no_detail(noise: float) -> None:
    soft = blurred(drawn(), 0.03 * 320)
    assert of(lit(soft, 0.6, noise=noise)).value < LINE < of(drawn()).value


def test_a_smear_along_any_line_is_found_and_called_a_movement() -> None:
    picture = drawn()
    for angle_deg in (0, 45, 90, 135):
        smeared = of(moved(picture, 0.1 * 320, angle_deg))
        assert smeared.moved
        assert smeared.value < 0.5 * of(picture).value
    assert not of(picture).moved
    assert not of(blurred(picture, 8)).moved


def test_an_even_surface_and_a_speck_are_not_sharp() -> None:
    assert of(np.full((200, 160, 3), 90, np.uint8)) == Sharpness(0.0, moved=False)
    assert sharpness_of(drawn(), Box(10, 10, 1, 1)) == Sharpness(0.0, moved=False)
    assert sharpness_of(drawn(), Box(900, 900, 100, 100)) == Sharpness(0.0, moved=False)


def test_the_face_counts_and_not_what_is_beside_it() -> None:
    # Focus on the room behind: the box's rim is sharp.
    picture = blurred(drawn(), 8)
    rim = picture.copy()
    rim[:, :28] = drawn(2)[:, :28]
    assert of(rim).value == pytest.approx(of(picture).value, rel=0.1)
