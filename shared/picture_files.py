"""Which files may enroll a face: one answer for the API and for `proctor-edge analyze`. Pure."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 4_194_304
MAX_PIXELS: Final = 50_000_000
"""The largest usual picture of a telephone. Beyond it, a small file may decode to gigabytes."""
MAX_SIDE_PX: Final = 1_280
"""Larger pictures are scaled down first."""


def is_whole_picture(data: bytes) -> bool:
    """Whether this can be a complete JPEG, PNG or WebP file: its beginning and its end are there."""
    if data.startswith(b"\xff\xd8\xff"):
        scan = _first_scan(data)
        return scan is not None and data.find(b"\xff\xd9", scan) > 0
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data.rfind(b"IEND") > 0
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return False


def _first_scan(data: bytes) -> int | None:
    """Where the pixels of a JPEG begin; None if they do not. A small picture inside it is skipped."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:
            at += 1  # filling
        elif data[at + 1] == 0xDA:
            return at
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None
