"""Small pictures that a broken or hostile node made: the report is written all the same."""

from __future__ import annotations

import base64
import io
import random
import struct

import pytest
from PIL import Image

from coordinator.reports.pdf_form import MAX_STILL_PIXELS, as_pdf
from coordinator.reports.wording import Block, Heading, Still
from tests.support.thorough import SEED, rounds


def jpeg(picture: Image.Image | None = None) -> bytes:
    out = io.BytesIO()
    (picture or Image.effect_noise((64, 48), 60).convert("RGB")).save(out, "JPEG")
    return out.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header claims other sides."""
    data = bytearray(jpeg())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def printed(data: bytes) -> bytes:
    url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    blocks: list[Block] = [Heading("Session", 1), Still(url, "What is in it")]
    return as_pdf("Session", blocks)


@pytest.mark.parametrize(("width", "shown"), [(2_000, True), (2_001, False)])
def test_a_picture_of_too_many_pixels_is_left_out(width: int, shown: bool) -> None:
    picture = Image.new("RGB", (width, MAX_STILL_PIXELS // 2_000))
    assert (b"/Subtype /Image" in printed(jpeg(picture))) is shown


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # as in a running coordinator
@pytest.mark.parametrize("side", [2_001, 10_000, 65_500])
def test_a_picture_that_claims_too_many_pixels_is_left_out(side: int) -> None:
    report = printed(claiming(side, side))
    assert report.startswith(b"%PDF-")
    assert b"/Subtype /Image" not in report


@pytest.mark.soak
@pytest.mark.timeout(rounds(300, 1_800))
def test_a_whole_picture_is_printed_and_a_broken_one_stops_nothing() -> None:
    whole, chance = jpeg(), random.Random(SEED)
    assert b"/Subtype /Image" in printed(whole)
    assert printed(whole[:-200]).startswith(b"%PDF-")
    for _ in range(rounds(40, 4_000)):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 3, 9))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        assert printed(bytes(broken)).startswith(b"%PDF-")
