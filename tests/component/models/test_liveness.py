"""Real faces against photographs of faces held before a room (composed; no recordings of attacks at hand)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from models.images import Image
from models.liveness import Liveness
from models.yunet import YuNet
from tests.support.people import collins, frames, hopper, media, read
from tests.support.props import as_print, on_screen
from tests.support.weights import network, networks

pytestmark = pytest.mark.weights


def judged(picture: Image) -> float | None:
    """The surest face; every picture here shows one."""
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    return Liveness(networks("minifasnet")).live(picture, face)


def live(picture: Image) -> float:
    """The same of a face that can be judged."""
    found = judged(picture)
    assert found is not None
    return found


@pytest.mark.parametrize("portrait", [collins(), hopper()], ids=["collins", "hopper"])
def test_a_portrait_that_fills_the_frame_passes_for_a_face(portrait: Image) -> None:
    # No edge, no texture of print or screen: to the network, as to anybody, this is a person.
    assert live(portrait) > 0.8


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    [
        "open_grid_bbaf2n.mpg",
        "open_grid_lbax4n.mpg",
        "open_grid_lrwp9a.mpg",
        "open_asl_want.mkv",
        "open_asl_learn.mkv",
        "open_carphone_qcif.mp4",
        "open_desk_woman_headturn.264",
    ],
)
def test_people_before_a_camera_are_live(name: str) -> None:
    found = [live(frame) for frame in frames(media(f"video/{name}"), every=16)]
    assert np.mean(found) > 0.7
    assert min(found) > 0.5


@pytest.mark.media
@pytest.mark.parametrize("name", ["open_grid_bbaf2n.mpg", "open_grid_lrwp9a.mpg", "open_carphone_qcif.mp4"])
def test_a_person_right_before_the_camera_is_not_taken_for_a_picture_of_one(name: str) -> None:
    # Without surroundings there is nothing to judge by: the first of these people scored 0.03 so.
    looks = []
    for zoom in (1.0, 1.3, 1.6, 1.9, 2.2):
        for frame in frames(media(f"video/{name}"), every=30):
            looks.append((zoom, judged(closer(frame, zoom))))
    assert all(found is None or found > 0.5 for _, found in looks)
    assert all(found is not None for zoom, found in looks if zoom == 1.0)
    assert all(found is None for zoom, found in looks if zoom == 2.2)


def closer(frame: Image, zoom: float) -> Image:
    """The frame as a camera so much nearer to its middle sees it, 640×480."""
    height_px, width_px = (round(side / zoom) for side in frame.shape[:2])
    middle = (frame.shape[1] / 2, frame.shape[0] * 0.5)
    return cv2.resize(cv2.getRectSubPix(frame, (width_px, height_px), middle), (640, 480)).astype(np.uint8)


PORTRAITS = (
    "faces/obama/obama_wh2009_speech.jpg",
    "faces/obama/obama_transition2009.jpg",
    "faces/obama/obama_poster2008.jpg",
    "faces/ms_dad/dad1.jpg",
    "faces/ms_lady/lady1.jpg",
    "faces/ms_lady/lady3.jpg",
)


@pytest.mark.media
@pytest.mark.parametrize("attack", [as_print, on_screen])
def test_most_photographs_held_up_are_not_live(attack: Callable[[Image, Image], Image]) -> None:
    room = read(media("empty/open_room_table.jpg"))
    portraits = [collins(), hopper(), *(read(media(name)) for name in PORTRAITS)]
    found = [live(attack(portrait, room)) for portrait in portraits]
    # Below 0.3 the rule speaks of an attack. Not all are caught, which is why it only advises.
    assert np.mean(np.array(found) < 0.3) >= 0.6
    assert np.median(found) < 0.2
