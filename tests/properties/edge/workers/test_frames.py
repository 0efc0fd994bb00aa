"""Frames between processes are read as they were sent."""

from __future__ import annotations

from hypothesis import given, strategies as st

from edge.workers.wire import HEADER_BYTES, Frame, FrameKind, header_of, packed

FRAMES = st.builds(
    Frame,
    st.sampled_from(FrameKind),
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
