"""Frames between processes: what is packed is read again, and what is too large or no frame is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from edge.workers.wire import HEADER_BYTES, MAX_FRAME_BYTES, Frame, Kind, header_of, packed
from shared.errors import Corrupt

FRAMES = st.builds(
    Frame,
    st.sampled_from(Kind),
    st.binary(max_size=300),
    st.binary(max_size=300),
    st.integers(min_value=0, max_value=2**64 - 1),
)


@given(st.lists(FRAMES, max_size=5))
def test_frames_one_after_the_other_are_read_as_they_were_sent(frames: list[Frame]) -> None:
    stream = b"".join(packed(frame) for frame in frames)
    read = []
    while stream:
        header = header_of(stream[:HEADER_BYTES])
        body_ends = HEADER_BYTES + header.body_bytes
        ends = body_ends + header.blob_bytes
        read.append(Frame(header.kind, stream[HEADER_BYTES:body_ends], stream[body_ends:ends], header.number))
        stream = stream[ends:]
    assert read == frames


@pytest.mark.parametrize(("body", "blob"), [(MAX_FRAME_BYTES + 1, 0), (1, MAX_FRAME_BYTES), (0, 2**23 + 1)])
def test_what_is_too_large_is_neither_sent_nor_read(body: int, blob: int) -> None:
    assert packed(Frame(Kind.ASK, bytes(MAX_FRAME_BYTES)))
    with pytest.raises(Corrupt, match="exceeds"):
        packed(Frame(Kind.ASK, bytes(body), bytes(blob)))
    header = packed(Frame(Kind.ASK))[:9] + body.to_bytes(4) + blob.to_bytes(4)
    with pytest.raises(Corrupt, match="exceeds"):
        header_of(header)


@pytest.mark.parametrize("kind", [0, 9, 255])
def test_another_kind_is_no_frame(kind: int) -> None:
    with pytest.raises(Corrupt, match="kind"):
        header_of(bytes([kind]) + packed(Frame(Kind.ASK))[1:])
