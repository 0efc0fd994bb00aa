"""Defines an encoded frame on its way from the jitter buffer to the decoder and the ring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded video frame or audio packet, on its way to the decoder."""

    index: int
    """Rises by one for each, lost audio packets included: a step of more than one is a loss."""
    timestamp: int
    """RTP timestamp that does not wrap, in ticks of the codec's clock."""
    arrived_at: float
    """Arrival of the packet that completed it, monotonic seconds."""
    keyframe: bool
    damaged: bool
    """Whether something was lost since the last keyframe: the picture may show traces."""
    codec: str
    data: bytes
