"""Keeps the last seconds of a video track, encoded and in memory only, to decode one frame again.

Encoded, 15 s of 640×480 take about 400 kB; decoded they would take 100 MB. The cost: a frame is decoded from
the keyframe before it.
"""

from __future__ import annotations

from collections import deque

from edge.media.encoded import Encoded
from shared.errors import Rejected


class FrameGone(Rejected):
    """The frame is not, or no longer, in memory."""

    def __init__(self, frame_id: int) -> None:
        super().__init__(f"frame {frame_id} is no longer in memory", code="frame-gone", status=410)


class Ring:
    """Keeps the frames of the last `keep_s` seconds, and back to the keyframe that they need.

    Above `cap_bytes` the oldest frames are dropped, a whole group from keyframe to keyframe at a time.
    """

    def __init__(self, keep_s: float = 5.0, cap_bytes: int = 8 << 20) -> None:
        self._keep_s = keep_s
        self._cap_bytes = cap_bytes
        self._groups: deque[list[Encoded]] = deque()
        self.size_bytes = 0

    def add(self, frame: Encoded) -> None:
        """Append the newest frame. Before the first keyframe nothing is kept: it could not be decoded."""
        if frame.keyframe:
            self._groups.append([])
        elif not self._groups:
            return
        self._groups[-1].append(frame)
        self.size_bytes += len(frame.data)
        while len(self._groups) > 1 and self._groups[1][0].arrived_at <= frame.arrived_at - self._keep_s:
            self._drop_oldest()
        while self.size_bytes > self._cap_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self.size_bytes -= sum(len(frame.data) for frame in self._groups.popleft())

    def clear(self) -> None:
        """Keep nothing. The next frames are kept from the next keyframe on."""
        self._groups.clear()
        self.size_bytes = 0

    def chain(self, frame_id: int) -> tuple[Encoded, ...]:
        """The frames to decode, oldest first, to get frame `frame_id`, the last of them. Raises FrameGone."""
        for group in self._groups:
            for place, frame in enumerate(group):
                if frame.index == frame_id:
                    return tuple(group[: place + 1])
        raise FrameGone(frame_id)
