"""Frames between the control side and a worker's process: a header with lengths, a body and a blob. Pure.

Every frame has one of a few kinds and the number of the call that it belongs to. The body is JSON
(`edge.workers.codec`); the blob holds bytes that nobody on the way has to read: a picture to enroll, or a
session's saved state. A frame above `MAX_FRAME_BYTES` is refused by its header, before anything is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from shared.errors import Corrupt

MAX_FRAME_BYTES: Final = 8 * 2**20
"""A saved state has a picture for each pending event, some hundred kB at most; an enrollment's picture has
0.9 MB."""
_HEADER: Final = Struct(">BQII")
HEADER_BYTES: Final = _HEADER.size


class FrameKind(IntEnum):
    """What a frame is."""

    SETUP = 1
    """The worker's settings: the first frame, from the control side."""
    READY = 2
    """The worker's networks are open."""
    BROKEN = 3
    """The worker cannot start: the refusal."""
    ASK = 4
    """A call of the control side."""
    REPLY = 5
    """The answer of a call."""
    REFUSAL = 6
    """The error of a call."""
    SAID = 7
    """What a session has reported, and its state after that."""
    PULSE = 8
    """The worker is alive."""


@dataclass(frozen=True, slots=True)
class Header:
    """The lengths that follow a header."""

    kind: FrameKind
    number: int
    body_bytes: int
    blob_bytes: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: FrameKind
    body: bytes = b""
    blob: bytes = b""
    number: int = 0
    """The call's, for `ASK`, `REPLY` and `REFUSAL`."""


def packed(frame: Frame) -> bytes:
    """A frame as bytes. Raises `Corrupt` when it is too large."""
    size_bytes = len(frame.body) + len(frame.blob)
    if size_bytes > MAX_FRAME_BYTES:
        raise Corrupt(f"a frame of {size_bytes} bytes exceeds {MAX_FRAME_BYTES}")
    header = _HEADER.pack(frame.kind, frame.number, len(frame.body), len(frame.blob))
    return header + frame.body + frame.blob


def header_of(data: bytes) -> Header:
    """Read a header of `HEADER_BYTES`. Raises `Corrupt` for another kind or too large a frame."""
    kind, number, body_bytes, blob_bytes = _HEADER.unpack(data)
    if body_bytes + blob_bytes > MAX_FRAME_BYTES:
        raise Corrupt(f"a frame of {body_bytes + blob_bytes} bytes exceeds {MAX_FRAME_BYTES}")
    try:
        return Header(FrameKind(kind), number, body_bytes, blob_bytes)
    except ValueError as error:
        raise Corrupt(f"no frame has kind {kind}") from error
