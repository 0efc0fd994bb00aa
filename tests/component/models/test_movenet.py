"""MoveNet with its real weights: right where LiteRT runs it."""

from __future__ import annotations

import numpy as np
import pytest

from models.figure import LEFT_SHOULDER, LEFT_WRIST, RIGHT_EAR, RIGHT_SHOULDER, shoulders_visible
from models.movenet import MoveNet
from tests.support.bodies import (
    COMING_AND_GOING,
    MARKED_PX,
    TALKING_HEADS,
    WITHOUT_PEOPLE,
    error_in_shoulder_widths,
    misjudged_s,
)
from tests.support.people import collins, frames, hopper, media, mirrored, read
from tests.support.weights import network

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def pose() -> MoveNet:
    return MoveNet(network("movenet-lightning-int8"))


@pytest.mark.parametrize("who", MARKED_PX)
def test_nose_and_shoulders_lie_where_people_see_them(pose: MoveNet, who: str) -> None:
    assert pose.device == "cpu-litert"
    body = pose.find(collins() if who == "collins" else hopper())
    assert body is not None
    assert error_in_shoulder_widths(body, who) < 0.25
    assert shoulders_visible(body)


def test_a_mirror_swaps_the_shoulders(pose: MoveNet) -> None:
    one, other = pose.find(hopper()), pose.find(mirrored(hopper()))
    assert one is not None
    assert other is not None
    swapped = 512 - one.points_px[[RIGHT_SHOULDER, LEFT_SHOULDER], 0]
    assert other.points_px[[LEFT_SHOULDER, RIGHT_SHOULDER], 0] == pytest.approx(swapped, abs=30)


def test_an_even_picture_has_no_body(pose: MoveNet) -> None:
    assert pose.find(np.full((480, 640, 3), 127, np.uint8)) is None


@pytest.mark.media
@pytest.mark.parametrize("name", WITHOUT_PEOPLE)
def test_a_room_a_cat_and_a_sausage_have_no_body(pose: MoveNet, name: str) -> None:
    assert pose.find(read(media(f"empty/{name}"))) is None


@pytest.mark.media
def test_people_from_behind_come_and_go_as_annotated(pose: MoveNet) -> None:
    assert misjudged_s(map(pose.find, frames(media(COMING_AND_GOING), every=10))) == []


@pytest.mark.media
@pytest.mark.parametrize("name", TALKING_HEADS)
def test_a_talking_head_close_to_the_camera_has_not_left(pose: MoveNet, name: str) -> None:
    for frame in frames(media(f"video/{name}"), every=20):
        body = pose.find(frame)
        assert body is not None
        assert shoulders_visible(body)


@pytest.mark.media
def test_a_hand_raised_to_the_head_is_seen_there(pose: MoveNet) -> None:
    picture = read(media("pose/open_hand_at_temple_man.jpg"))
    body = pose.find(picture)
    assert body is not None
    wrists = body.points_px[[LEFT_WRIST, LEFT_WRIST + 1], :2]
    ears = body.points_px[[RIGHT_EAR - 1, RIGHT_EAR], :2]
    width_px = float(np.linalg.norm(ears[0] - ears[1]))
    near_px = min(float(np.linalg.norm(wrist - ear)) for wrist in wrists for ear in ears)
    assert near_px < 0.9 * width_px
