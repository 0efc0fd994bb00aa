"""Frames of a WebSocket, counted from their headers."""

import struct
from collections.abc import Sequence

import pytest

from shared.rates import Rate
from shared.web_server.frames import Allowance, Frames

MANY = Rate(burst=10**9, per_s=1.0)


def frame(payload_bytes: int, opcode: int = 0x1, masked: bool = True) -> bytes:
    """Opcodes: 0 more of a message, 1 text, 2 binary, 8 close, 9 ping, 10 pong."""
    mask = 0x80 if masked else 0
    if payload_bytes < 126:
        head = bytes([0x80 | opcode, mask | payload_bytes])
    elif payload_bytes < 2**16:
        head = bytes([0x80 | opcode, mask | 126]) + struct.pack("!H", payload_bytes)
    else:
        head = bytes([0x80 | opcode, mask | 127]) + struct.pack("!Q", payload_bytes)
    return head + bytes(4 if masked else 0) + b"\xff" * payload_bytes


def counted(pieces: Sequence[bytes]) -> int:
    """How many frames are in these pieces: the least burst that lets all of them pass."""
    for burst in range(1, 100):
        frames = Frames(Allowance(Rate(burst, 0.001), MANY))
        if all(frames.allow(piece, 0.0) for piece in pieces):
            return burst
    raise AssertionError


@pytest.mark.parametrize("opcode", [0x0, 0x1, 0x2, 0x8, 0x9, 0xA])
def test_frames_of_every_kind_count(opcode: int) -> None:
    frames = Frames(Allowance(Rate(burst=3, per_s=1.0), MANY))
    assert [frames.allow(frame(5, opcode), 0.0) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
@pytest.mark.parametrize("masked", [True, False])
def test_what_is_in_a_frame_is_not_taken_for_one(size: int, masked: bool) -> None:
    assert counted([frame(size, masked=masked) + frame(0)]) == 2


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_frames_count_alike_however_they_are_cut(step: int) -> None:
    data = frame(3) + frame(0, 0x9) + frame(200, 0x2) + frame(70_000) + frame(125, 0xA)
    assert counted([data[at : at + step] for at in range(0, len(data), step)]) == 5


def test_many_frames_in_one_piece_are_refused_at_the_first_too_many() -> None:
    frames = Frames(Allowance(Rate(burst=10, per_s=1.0), MANY))
    assert not frames.allow(frame(0, 0x9) * 40_000, 0.0)


def test_bytes_are_bounded_whatever_frames_they_are_in() -> None:
    frames = Frames(Allowance(MANY, Rate(burst=1_000, per_s=100.0)))
    assert frames.allow(frame(900), 0.0)
    assert not frames.allow(frame(900), 1.0)
    assert frames.allow(frame(90), 1.0), "a refused piece was not taken"


def test_a_pause_lets_frames_pass_again_and_saves_up_one_burst_at_most() -> None:
    frames = Frames(Allowance(Rate(burst=2, per_s=1.0), MANY))
    assert [frames.allow(frame(0), 0.0) for _ in range(3)] == [True, True, False]
    assert frames.allow(frame(0), 1.0)
    assert [frames.allow(frame(0), 1_000.0) for _ in range(3)] == [True, True, False]
