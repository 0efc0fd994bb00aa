"""Packets of a video stream whose frames are told apart by their data."""

from __future__ import annotations

from collections.abc import Iterable

from edge.media.jitter import VideoPacket, WholeFrame

FIRST = 65_530  # close to the end of the 16-bit range, so that every longer stream wraps


def stream(sizes: Iterable[int], proved: bool = False) -> list[VideoPacket]:
    """Packets of frames with the given numbers of packets; each packet's data names its frame and part."""
    packets: list[VideoPacket] = []
    for frame, size in enumerate(sizes):
        for part in range(size):
            packets.append(
                VideoPacket(
                    sequence=(FIRST + len(packets)) % 65_536,
                    timestamp=(4_294_960_000 + frame * 6_000) % 2**32,
                    payload_type=97,
                    marker=part == size - 1,
                    begins=proved and part == 0,
                    data=b"%d.%d " % (frame, part),
                )
            )
    return packets


def names(frames: Iterable[WholeFrame]) -> list[str]:
    return [frame.data.decode().strip() for frame in frames]
