"""Frames between processes: what is too large or no frame is refused."""

from __future__ import annotations

import pytest

from edge.workers.wire import MAX_FRAME_BYTES, Frame, FrameKind, header_of, packed
from shared.errors import Corrupt


@pytest.mark.parametrize(("body", "blob"), [(MAX_FRAME_BYTES + 1, 0), (1, MAX_FRAME_BYTES), (0, 2**23 + 1)])
def test_what_is_too_large_is_neither_sent_nor_read(body: int, blob: int) -> None:
    assert packed(Frame(FrameKind.ASK, bytes(MAX_FRAME_BYTES)))
    with pytest.raises(Corrupt, match="exceeds"):
        packed(Frame(FrameKind.ASK, bytes(body), bytes(blob)))
    header = packed(Frame(FrameKind.ASK))[:9] + body.to_bytes(4) + blob.to_bytes(4)
    with pytest.raises(Corrupt, match="exceeds"):
        header_of(header)


@pytest.mark.parametrize("kind", [0, 9, 255])
def test_another_kind_is_no_frame(kind: int) -> None:
    with pytest.raises(Corrupt, match="kind"):
        header_of(bytes([kind]) + packed(Frame(FrameKind.ASK))[1:])
