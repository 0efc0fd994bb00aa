"""Enrolling real pictures with real networks: who passes, who is refused, and with which words."""

from __future__ import annotations

import asyncio
import io
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.accuracy.selection import Selection
from edge.analysis.engine import Engine
from edge.analysis.enrolling import (
    Portrait,
    decode_picture,
    enroll,
    enrolled_picture,
)
from edge.analysis.examination import Enrolled, Frame, compare, enrolled, examine
from edge.analysis.networks import Networks
from shared.errors import Corrupt, Rejected
from shared.messages.faces import EnrolledPicture, Template
from shared.policy.terms import ENROLLMENT_GATE, VERIFICATION_GATE
from tests.support.people import as_by_webcam, collins, hopper
from tests.support.weights import all_networks

pytestmark = pytest.mark.weights
OWNER = UUID(int=3)


@pytest.fixture(scope="module")
def networks() -> Networks:
    opened = all_networks(Selection.RESEARCH)
    if not opened.recognisers:
        pytest.skip(f"weights are missing: {opened.missing}")
    return opened


def enrolling(networks: Networks, *pictures: Frame) -> dict[str, Enrolled]:
    async def main() -> dict[str, Enrolled]:
        async with Engine(1) as engine:
            portraits = [Portrait(f"picture-{n}", picture) for n, picture in enumerate(pictures, 1)]
            return dict(await enroll(portraits, networks, engine, ENROLLMENT_GATE, OWNER))

    return asyncio.run(main())


def test_the_enrolled_are_recognised_and_strangers_are_not(networks: Networks) -> None:
    templates = enrolling(networks, collins(), as_by_webcam(collins(), seed=1))
    assert set(templates) == {recogniser.name for recogniser in networks.recognisers}
    for recogniser in networks.recognisers:
        same = examine(networks, as_by_webcam(collins(), seed=2), VERIFICATION_GATE, (recogniser,))
        other = examine(networks, hopper(), VERIFICATION_GATE, (recogniser,))
        template = templates[recogniser.name]
        match, stranger = compare(same, recogniser, template), compare(other, recogniser, template)
        assert match is not None
        assert match > 0.75, recogniser.name
        assert stranger is not None
        assert stranger < 0.60, recogniser.name


def two_people() -> Frame:
    return np.hstack([collins(), cv2.resize(hopper(), (512, 512))]).astype(np.uint8)


def dark() -> Frame:
    return (collins() * 0.12).astype(np.uint8)


def blurred() -> Frame:
    return cv2.GaussianBlur(collins(), (15, 15), 3).astype(np.uint8)


def tiny() -> Frame:
    canvas = np.full((480, 640, 3), 120, np.uint8)
    canvas[80:400, 160:480] = cv2.resize(collins(), (320, 320), interpolation=cv2.INTER_AREA)
    return canvas


def empty() -> Frame:
    return np.full((480, 640, 3), 120, np.uint8)


@pytest.mark.parametrize(
    ("make", "check"),
    [
        (two_people, "one-face"),
        (dark, "brightness"),
        (blurred, "sharpness"),
        (tiny, "size"),
        (empty, "one-face"),
    ],
)
def test_a_bad_picture_is_refused_with_check_value_bound_and_advice(
    networks: Networks, make: object, check: str
) -> None:
    assert callable(make)
    bad = make()
    with pytest.raises(Rejected) as refused:
        enrolling(networks, collins(), bad)
    assert f"picture-2: {check} is " in str(refused.value)
    assert "needed" in str(refused.value)
    assert "picture-1" not in str(refused.value)
    assert (refused.value.code, refused.value.status) == ("picture-refused", 422)
    reply = enrolled_picture(examine(networks, bad, ENROLLMENT_GATE))
    failed = {each.check: each for each in reply.failed}
    assert failed[check].advice
    assert reply.templates == ()


def test_pictures_of_two_people_make_no_template(networks: Networks) -> None:
    with pytest.raises(Rejected) as refused:
        enrolling(networks, collins(), as_by_webcam(collins(), seed=1), hopper())
    assert (refused.value.code, refused.value.status) == ("pictures-disagree", 422)
    assert "picture-3" in str(refused.value)


def test_a_good_picture_answers_with_a_template_per_recogniser(networks: Networks) -> None:
    reply = enrolled_picture(examine(networks, collins(), ENROLLMENT_GATE))
    assert (reply.faces, reply.failed) == (1, ())
    assert reply.face is not None
    assert 0.3 < reply.face.quality <= 1.0
    again = EnrolledPicture.model_validate_json(reply.model_dump_json())
    assert set(enrolled(again.templates)) == {recogniser.name for recogniser in networks.recognisers}


def half(kind: str) -> bytes:
    """A file that was cut off; decoders show what they have of it."""
    data = cv2.imencode(kind, collins())[1].tobytes()
    return data[: len(data) // 2]


def gif() -> bytes:
    out = io.BytesIO()
    pictures = [Image.fromarray(collins()[:, :, ::-1]).convert("P") for _ in range(2)]
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        gif(),
        b"\xff\xd8\xff" + bytes(100),
        b"not a picture" * 100,
        b"RIFF" + bytes(100),
        *(half(kind) for kind in (".jpg", ".png", ".webp")),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match="not a picture") as refused:
        decode_picture(data, "portrait.jpg")
    assert refused.value.status == 422


def test_a_picture_larger_than_the_bound_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(Rejected, match="larger") as refused:
        decode_picture(bytes(17 * 1024 * 1024), "portrait.jpg")
    assert refused.value.status == 413


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_is_transparent_is_white_as_through_the_coordinator(depth: type) -> None:
    whole = np.dstack([collins(), np.zeros(collins().shape[:2], np.uint8)])
    whole[:, :100, 3] = 255
    levels: np.ndarray[Any, Any] = (whole.astype(np.uint16) * 257 if depth is np.uint16 else whole).astype(
        depth
    )
    frame = decode_picture(cv2.imencode(".png", levels)[1].tobytes(), "hidden.png").frame
    assert (frame[:, 100:] == 255).all()
    assert (frame[:, :100] == collins()[:, :100]).all()


def test_large_pictures_are_scaled_down() -> None:
    _, data = cv2.imencode(".png", np.zeros((2_000, 3_000, 3), np.uint8))
    assert decode_picture(data.tobytes(), "large.png").frame.shape == (853, 1_280, 3)


@pytest.mark.parametrize("vector", ["####", "AAA=", "AADAfw=="])
def test_a_template_that_is_no_vector_is_corrupt(vector: str) -> None:
    with pytest.raises(Corrupt):
        enrolled([Template(embedding_id=OWNER, recogniser="x@1", vector=vector)])
