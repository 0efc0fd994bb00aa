"""Reads the first bytes of VP8 and H.264 data: does a frame begin here, and is it a keyframe?"""

from __future__ import annotations

VP8 = "VP8"
H264 = "H264"

_H264_SLICE, _H264_IDR, _H264_SPS, _H264_DELIMITER, _H264_STAP_A, _H264_FU_A = 1, 5, 7, 9, 24, 28


def begins_frame(codec: str, payload: bytes) -> bool:
    """Whether this RTP payload proves that a frame begins with it; False when unknown.

    VP8: start bit set and partition index 0 (RFC 7741, 4.2). H.264: an access unit delimiter, a sequence
    parameter set, or a slice whose first macroblock is 0 (RFC 6184, 5.4 and 5.8).
    """
    if codec == VP8:
        return len(payload) > 0 and payload[0] & 0x10 != 0 and payload[0] & 0x07 == 0
    if codec == H264 and len(payload) > 3:
        kind = payload[0] & 0x1F
        if kind == _H264_STAP_A:
            return _begins_access_unit(payload[3:])
        if kind == _H264_FU_A:
            first_part = payload[1] & 0x80 != 0
            return first_part and _begins_access_unit(bytes((payload[1] & 0x1F,)) + payload[2:3])
        return _begins_access_unit(payload)
    return False


def is_keyframe(codec: str, data: bytes) -> bool:
    """Whether an assembled frame can be decoded without earlier ones; False for an unknown codec.

    VP8: inverse key frame flag (RFC 6386, 9.1). H.264, Annex B: contains an IDR slice.
    """
    if codec == VP8:
        return len(data) > 0 and data[0] & 0x01 == 0
    if codec == H264:
        return _first_slice_kind(data) == _H264_IDR
    return False


def declared_size_px(codec: str, data: bytes) -> tuple[int, int] | None:
    """Width and height that a VP8 keyframe declares (RFC 6386, 9.1); None for anything else."""
    if codec != VP8 or len(data) < 10 or not is_keyframe(codec, data):
        return None
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF


def _begins_access_unit(unit: bytes) -> bool:
    kind = unit[0] & 0x1F if unit else 0
    if kind in (_H264_SPS, _H264_DELIMITER):
        return True
    # first_mb_in_slice is the first Exp-Golomb value of the slice header: 0 is a single 1 bit.
    return kind in (_H264_SLICE, _H264_IDR) and len(unit) > 1 and unit[1] & 0x80 != 0


def _first_slice_kind(data: bytes) -> int | None:
    place = data.find(b"\x00\x00\x01")
    while place != -1 and place + 3 < len(data):
        kind = data[place + 3] & 0x1F
        if kind in (_H264_SLICE, _H264_IDR):
            return kind
        place = data.find(b"\x00\x00\x01", place + 3)
    return None
