"""Decides which picture files may be used to enroll a face, for the API and `proctor-edge analyze`. Pure."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 4_194_304
MAX_PIXELS: Final = 50_000_000
"""Pictures from phones are rarely larger. Without a limit, a small file may decode to gigabytes."""
MAX_SIDE_PX: Final = 1_280
"""Larger pictures are scaled down to this before faces are looked for."""


def is_whole_picture(data: bytes) -> bool:
    """Whether this can be a complete JPEG, PNG or WebP file: it has the right beginning and the right end."""
    if data.startswith(b"\xff\xd8\xff"):
        scan = _first_scan(data)
        return scan is not None and data.find(b"\xff\xd9", scan) > 0
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data.rfind(b"IEND") > 0
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return False


def _first_scan(data: bytes) -> int | None:
    """The position at which a JPEG's pixels begin; None if there are none. An embedded thumbnail is
    skipped."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:
            at += 1  # a fill byte
        elif data[at + 1] == 0xDA:
            return at
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
