"""Pictures from outside become small, upright, plain JPEGs, or are refused with a reason."""

import base64
import io
import random
import struct
import zlib

import pytest
from PIL import Image

from coordinator.enrollments.pictures import decode_base64, reencode
from shared.errors import Rejected
from shared.messages.faces import MAX_PICTURE_BYTES
from shared.picture_files import MAX_BYTES, MAX_SIDE_PX


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def luma(image: Image.Image, x: int, y: int) -> int:
    return image.convert("L").crop((x, y, x + 1, y + 1)).tobytes()[0]


def png_header(width: int, height: int) -> bytes:
    """A tiny PNG file that claims a size; its pixels are not there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_usual_format_becomes_a_jpeg_of_bounded_size(kind: str) -> None:
    result = opened(reencode(encoded(Image.new("RGB", (2560, 1440), "teal"), kind)))
    assert (result.format, result.size) == ("JPEG", (1280, 720))


def test_a_small_picture_keeps_its_size() -> None:
    assert opened(reencode(encoded(Image.new("RGB", (320, 240), "teal")))).size == (320, 240)


def test_nothing_but_pixels_survives() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    data = encoded(Image.new("RGB", (64, 64), "teal"), exif=exif, comment=b"SECRET-COMMENT")
    assert b"SECRET" in data
    result = reencode(data)
    assert b"SECRET" not in result
    assert not opened(result).getexif()


def test_a_picture_taken_on_its_side_is_turned_upright_before_its_orientation_is_dropped() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate 90° clockwise to view
    image = Image.new("RGB", (200, 100), "black")
    image.paste("white", (0, 0, 20, 100))  # the stored left edge is the viewed top
    result = opened(reencode(encoded(image, exif=exif)))
    assert result.size == (100, 200)
    assert luma(result, 50, 5) > 200
    assert luma(result, 50, 195) < 50


def test_transparent_parts_become_white() -> None:
    result = opened(reencode(encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG")))
    assert luma(result, 32, 32) > 250


def test_noise_that_compresses_badly_still_fits_one_command() -> None:
    noise = Image.frombytes("RGB", (1280, 1280), random.Random(1).randbytes(1280 * 1280 * 3))
    assert len(reencode(encoded(noise, quality=95))) <= MAX_PICTURE_BYTES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 40,
    ],
    ids=["empty", "text", "png magic alone", "svg", "gif"],
)
def test_what_is_not_a_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        reencode(data)
    assert (refused.value.code, refused.value.status) == ("picture-unreadable", 422)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    noise = Image.frombytes("RGB", (256, 256), random.Random(2).randbytes(256 * 256 * 3))
    data = encoded(noise, kind)
    with pytest.raises(Rejected) as refused:
        reencode(data[: len(data) // 2])
    assert refused.value.code == "picture-unreadable"


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(Rejected) as refused:
        reencode(png_header(width, height))
    assert refused.value.code == "picture-too-many-pixels"


def test_a_large_picture_within_the_bound_is_read_at_a_fraction_of_its_size() -> None:
    data = encoded(Image.new("RGB", (8_000, 6_000), "teal"), quality=30)
    assert max(opened(reencode(data)).size) == MAX_SIDE_PX


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "picture-empty"),
        ("not base64!", "picture-not-base64"),
        ("data:image/jpeg;base64,AAAA", "picture-not-base64"),
        ("AAA", "picture-not-base64"),
        ("\u00e4\u00e4\u00e4\u00e4", "picture-not-base64"),
        (base64.b64encode(bytes(MAX_BYTES + 1)).decode(), "picture-too-large"),
    ],
)
def test_text_that_is_no_picture_is_refused(text: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        decode_base64(text)
    assert (refused.value.code, refused.value.status) == (code, 422)


def test_good_base64_gives_its_bytes() -> None:
    assert decode_base64(base64.b64encode(b"picture").decode()) == b"picture"
