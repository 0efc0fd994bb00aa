"""A file is a picture when its beginning and its end are there."""

from __future__ import annotations

import pytest

from shared.picture_files import is_whole_picture

THUMBNAIL = b"\xff\xd8\xff\xda\x01\xff\xd9"
JPEG = b"\xff\xd8\xff\xe1\x00\x09" + THUMBNAIL + b"\xff\xff\xda scan \xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB`\x82"
WEBP = b"RIFF" + (12).to_bytes(4, "little") + b"WEBP" + bytes(8)


@pytest.mark.parametrize("data", [JPEG, JPEG + bytes(9), PNG, PNG + b"more", WEBP])
def test_whole_files_are_pictures(data: bytes) -> None:
    assert is_whole_picture(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        JPEG[:-2],
        JPEG[:14],
        PNG[:-8],
        WEBP[:-1],
        b"RIFF" + bytes(40),
        b"GIF89a" + bytes(40),
        b"\xff\xd8\xff",
    ],
)
def test_cut_off_and_other_files_are_not(data: bytes) -> None:
    assert not is_whole_picture(data)
