"""Real faces against photographs of faces held before a room (composed; no recordings of attacks at hand)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.images import Image
from models.liveness import Liveness
from models.yunet import YuNet
from tests.support.people import collins, frames, hopper, media, read
from tests.support.props import as_print, on_screen
from tests.support.weights import network, networks

pytestmark = pytest.mark.weights


def live(picture: Image) -> float:
    """Of the surest face; every picture here shows one."""
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    return Liveness(networks("minifasnet")).live(picture, face)


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
