"""Counts the frames and bytes that a WebSocket sends, of every kind, before anything reads them. Pure.

Only the frames' headers are read (RFC 6455, 5.2), because the parser would answer each ping before the
application sees it. `now` is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.rates import Bucket, Rate

_LENGTH_BITS: Final = 0x7F
_MASKED: Final = 0x80
_LENGTH_BYTES: Final = {126: 2, 127: 8}
_MASK_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one socket may send."""

    frames: Rate
    bytes: Rate


class Frames:
    """The frames of one socket."""

    __slots__ = ("_bytes", "_frames", "_head", "_payload_left")

    def __init__(self, allowance: Allowance) -> None:
        self._frames = Bucket(allowance.frames)
        self._bytes = Bucket(allowance.bytes)
        self._head = bytearray()
        self._payload_left = 0

    def allow(self, data: bytes, now: float) -> bool:
        """Add data that the socket sends next. Returns whether it is still within its allowance."""
        if self._bytes.wait_s(now, len(data)) > 0.0:
            return False
        at, end = 0, len(data)
        while at < end:
            if self._payload_left:
                step = min(self._payload_left, end - at)
                self._payload_left -= step
            else:
                step = min(_missing(self._head), end - at)
                self._head += data[at : at + step]
                if not _missing(self._head) and not self._begun(now):
                    return False
            at += step
        return True

    def _begun(self, now: float) -> bool:
        """Note a complete header, which begins another frame."""
        self._payload_left = _payload_bytes(self._head)
        self._head.clear()
        return self._frames.wait_s(now) == 0.0


def _missing(head: bytearray) -> int:
    """The number of bytes that a frame's header still lacks, as far as its beginning tells."""
    if len(head) < 2:
        return 2 - len(head)
    longer = _LENGTH_BYTES.get(head[1] & _LENGTH_BITS, 0)
    mask = _MASK_BYTES if head[1] & _MASKED else 0
    return 2 + longer + mask - len(head)


def _payload_bytes(head: bytearray) -> int:
    short = head[1] & _LENGTH_BITS
    longer = _LENGTH_BYTES.get(short, 0)
    return int.from_bytes(head[2 : 2 + longer], "big") if longer else short
