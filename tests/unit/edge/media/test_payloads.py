from __future__ import annotations

import pytest

from edge.media.payloads import begins_frame, declared_size_px, is_keyframe

IDR, SLICE, SPS = b"\x65\x88", b"\x41\x9a", b"\x67\x42"


@pytest.mark.parametrize(
    ("codec", "payload", "begins"),
    [
        ("VP8", b"\x10data", True),
        ("VP8", b"\x90\x80\x80\x01data", True),
        ("VP8", b"\x00data", False),
        ("VP8", b"\x11second partition", False),
        ("VP8", b"", False),
        ("H264", SPS + b"..", True),
        ("H264", IDR + b"..", True),
        ("H264", b"\x41\x01 a later slice", False),
        ("H264", b"\x68\xce a picture parameter set", False),
        ("H264", b"\x18\x00\x02" + SPS + b"\x00\x02..", True),
        ("H264", b"\x7c\x85\x88 first part of a slice", True),
        ("H264", b"\x7c\x05\x88 middle part", False),
        ("H264", b"\x7c", False),
        ("", b"\x10anything", False),
    ],
)
def test_the_beginning_of_a_frame_is_seen_in_the_payload_header(
    codec: str, payload: bytes, begins: bool
) -> None:
    assert begins_frame(codec, payload) is begins


@pytest.mark.parametrize(
    ("codec", "data", "keyframe"),
    [
        ("VP8", b"\x10\x02\x00\x9d\x01\x2a", True),
        ("VP8", b"\x11\x02\x00", False),
        ("VP8", b"", False),
        ("H264", b"\0\0\0\1" + SPS + b"\0\0\0\1\x68\xce\0\0\1" + IDR, True),
        ("H264", b"\0\0\0\1" + SLICE, False),
        ("H264", b"\0\0\0\1", False),
        ("opus", b"\x10", False),
    ],
)
def test_a_keyframe_is_told_from_others(codec: str, data: bytes, keyframe: bool) -> None:
    assert is_keyframe(codec, data) is keyframe


def test_a_vp8_keyframe_tells_its_size() -> None:
    keyframe = (
        b"\x10\x02\x00\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480 | 1 << 14).to_bytes(2, "little")
    )
    assert declared_size_px("VP8", keyframe) == (640, 480)
    assert declared_size_px("VP8", b"\x11" + keyframe[1:]) is None
    assert declared_size_px("H264", keyframe) is None
