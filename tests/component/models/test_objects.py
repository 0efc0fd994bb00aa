"""People and things by the object network, on real pictures and on a drawn telephone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.images import Image
from models.objects import ObjectDetector
from models.results import ObjectKind, SeenObject
from tests.support.people import collins, frames, hopper, media, mirrored, read
from tests.support.props import with_phone
from tests.support.weights import network

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def detector() -> ObjectDetector:
    return ObjectDetector(network("yolox-nano"))


def of_kind(found: tuple[SeenObject, ...], kind: ObjectKind, score: float = 0.5) -> list[SeenObject]:
    return [thing for thing in found if thing.kind is kind and thing.score >= score]


@pytest.mark.parametrize("portrait", [collins(), hopper()], ids=["collins", "hopper"])
def test_a_portrait_is_one_person_and_nothing_forbidden(detector: ObjectDetector, portrait: Image) -> None:
    found = detector.find(portrait)
    (person,) = of_kind(found, ObjectKind.PERSON)
    assert person.score > 0.9
    assert person.box.area_px2 > 0.4 * portrait.shape[0] * portrait.shape[1]
    assert [thing.kind for thing in found if thing.score >= 0.5] == [ObjectKind.PERSON]


def test_boxes_are_in_pixels_of_the_frame_whatever_its_shape(detector: ObjectDetector) -> None:
    wide = np.full((512, 1100, 3), 90, np.uint8)
    wide[:, 500:1012] = collins()
    (alone,) = of_kind(detector.find(collins()), ObjectKind.PERSON)
    (beside,) = of_kind(detector.find(wide), ObjectKind.PERSON)
    assert beside.box.x_px - 500 == pytest.approx(alone.box.x_px, abs=35)
    assert beside.box.y_px == pytest.approx(alone.box.y_px, abs=35)
    mirror = of_kind(detector.find(mirrored(wide)), ObjectKind.PERSON)[0].box
    assert mirror.x_px == pytest.approx(1100 - beside.box.x_px - beside.box.width_px, abs=35)


def test_an_even_picture_holds_nothing(detector: ObjectDetector) -> None:
    assert detector.find(np.full((480, 640, 3), 127, np.uint8)) == ()


PEOPLE = {
    "empty/open_room_table.jpg": 0,
    "empty/open_cat.jpg": 0,
    "empty/open_hotdog.jpg": 0,
    "empty/open_room_table_person_back.jpg": 1,
    "pose/open_desk_woman_f00.jpg": 1,
    "pose/open_phone_at_ear.jpg": 1,
    "multi/open_2_obama_biden.jpg": 2,
    "multi/open_2_tilted.jpg": 2,
    "multi/open_3_corridor.jpg": 3,
    "multi/open_3_restaurant.jpg": 3,
    "multi/open_4_bar.jpg": 4,
}


@pytest.mark.media
@pytest.mark.parametrize("name", PEOPLE)
def test_people_are_counted_with_and_without_a_visible_face(detector: ObjectDetector, name: str) -> None:
    assert len(of_kind(detector.find(read(media(name))), ObjectKind.PERSON)) == PEOPLE[name]


SPEAKERS = ("bbaf2n", "brbk7n", "lbax4n", "lrwp9a", "pwij3p")


@pytest.mark.media
@pytest.mark.parametrize("name", SPEAKERS)
def test_a_phone_before_a_talking_head_is_seen_and_gone_without_it(
    detector: ObjectDetector, name: str
) -> None:
    for frame in frames(media(f"video/open_grid_{name}.mpg"), every=30):
        plain = cv2.resize(frame, (720, 576)).astype(np.uint8, copy=False)
        assert of_kind(detector.find(with_phone(plain)), ObjectKind.PHONE)
        assert not of_kind(detector.find(plain), ObjectKind.PHONE, 0.3)


@pytest.mark.media
def test_hands_and_pens_are_no_phones(detector: ObjectDetector) -> None:
    paths = sorted(media("video").glob("open_asl_*.mkv"))
    assert paths
    for path in paths:
        for frame in frames(path, every=10):
            found = detector.find(frame)
            assert not of_kind(found, ObjectKind.PHONE)
            assert not of_kind(found, ObjectKind.BOOK)
            assert len(of_kind(found, ObjectKind.PERSON)) == 1
