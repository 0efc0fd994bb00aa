"""Real faces against photographs of faces held before a room (composed; no recordings of attacks at hand)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest

from models.images import Image
from models.liveness import Life, Liveness, Needs, Unjudged, without_bars
from models.results import Box
from models.yunet import YuNet
from tests.scenarios.camera import Lens, Shot
from tests.scenarios.heads import fitter
from tests.scenarios.performers import media_folder, performers
from tests.scenarios.staging import Cast, Picture, on_a_screen, printed
from tests.support.foreign import Answering
from tests.support.people import collins, frames, hopper, media, read
from tests.support.props import as_print, on_screen
from tests.support.variations import HONEST, blurred, grey, lit
from tests.support.weights import network, networks

pytestmark = pytest.mark.weights

ANY = Needs(chroma=0, sharpness=0, brightness=0, disagreement=1)
"""Every picture is judged."""


def judged(picture: Image) -> float | None:
    """The surest face; every picture here shows one."""
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    return Liveness(networks("minifasnet"), ANY).judge(picture, face).score


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


SUSPECT = 0.2
"""Below it somebody is told that the face may be a picture."""

HONEST_FILMS = (
    "open_grid_bbaf2n.mpg",
    "open_grid_brbk7n.mpg",
    "open_grid_lbax4n.mpg",
    "open_grid_lrwp9a.mpg",
    "open_grid_pwij3p.mpg",
    "open_asl_again.mkv",
    "open_asl_hungry.mkv",
    "open_asl_learn.mkv",
    "open_asl_want.mkv",
    "open_carphone_qcif.mp4",
    "open_desk_woman_headturn.264",
    "open_man_frontal.gif",
)


def lives(picture: Image) -> Life:
    """What is said of the surest face of a picture; that it says nothing where there is none."""
    faces = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)
    return (
        Liveness(networks("minifasnet")).judge(picture, faces[0]) if faces else Life(None, Unjudged.NO_ROOM)
    )


@cache
def honest_frames() -> tuple[Image, ...]:
    """Of all these films; decoded once, and not to be changed."""
    found = [frame for name in HONEST_FILMS for frame in frames(media(f"video/{name}"), every=20)]
    for frame in found:
        frame.flags.writeable = False
    return tuple(found)


@pytest.mark.media
@pytest.mark.parametrize("how", HONEST)
def test_no_light_no_colour_and_no_camera_makes_a_living_person_suspect(how: str) -> None:
    said = [lives(HONEST[how](frame)) for frame in honest_frames()]
    scores = [life.score for life in said if life.score is not None]
    assert min(scores, default=1.0) > SUSPECT
    if how in ("as it is", "mirrored", "warm", "cold", "compressed"):
        assert len(scores) > 0.85 * len(said)


def around(picture: Image) -> Image:
    """The picture cut close to its face."""
    box = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0].box
    left, top = (round(max(0.0, edge - 0.1 * box.width_px)) for edge in (box.x_px, box.y_px))
    return picture[top : round(box.y_px + 1.1 * box.height_px), left : round(box.x_px + 1.1 * box.width_px)]


def test_where_it_cannot_be_judged_the_reason_is_told() -> None:
    seated = hopper()
    assert lives(seated).unjudged is None
    reasons = {
        Unjudged.NO_COLOUR: grey(seated),
        Unjudged.DARK: lit(seated, 0.4),
        Unjudged.BLURRED: blurred(seated, 9),
        Unjudged.NO_ROOM: around(seated),
    }
    assert {reason: lives(picture).unjudged for reason, picture in reasons.items()} == {r: r for r in reasons}


def test_networks_that_disagree_say_nothing() -> None:
    seated = hopper()
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(seated)[0]

    def answering(live: float) -> Answering:
        return Answering(lambda _: {"output": np.array([[0.0, live, 0.0]], np.float32)})

    sure, doubting = answering(9), answering(-9)
    assert Liveness((sure, doubting)).judge(seated, face) == Life(None, Unjudged.DISAGREEMENT)
    assert Liveness((sure, sure)).judge(seated, face).score == pytest.approx(1.0, abs=0.01)


def test_bars_around_the_picture_are_not_its_surroundings() -> None:
    picture = hopper()
    height_px, width_px = picture.shape[:2]
    assert without_bars(picture) == Box(0, 0, width_px, height_px)
    assert without_bars(
        cv2.copyMakeBorder(picture, 40, 40, 90, 90, cv2.BORDER_CONSTANT).astype(np.uint8)
    ) == (Box(90, 40, width_px, height_px))
    assert without_bars(np.zeros((48, 64, 3), np.uint8)) == Box(0, 0, 64, 48)


@pytest.mark.media
@pytest.mark.parametrize("staged", [printed, on_a_screen])
def test_prints_and_screens_that_are_judged_are_suspect(staged: Picture) -> None:
    cast = performers(media_folder(), 1)
    fit, said = fitter(), []
    for candidate, other in zip(cast, cast[1:] + cast[:1], strict=True):
        for number, shot in enumerate((Shot(), Shot(gain=0.7, noise=5.0), Shot(zoom=1.15))):
            seen = staged(Cast(candidate, other, fit), 2.0, 1.0)
            said.append(lives(Lens(shot, number).take(seen, 2.0)))
    scores = [life.score for life in said if life.score is not None]
    assert len(scores) > 0.6 * len(said)
    assert np.mean(np.array(scores) < SUSPECT) >= 0.9
