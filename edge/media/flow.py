"""Turns one track's RTP packets into encoded frames, and keeps all its counts.

The peer creates a flow; the seam that replaces aiortc's jitter buffer feeds it. It is the one object that
both know, so aiortc's private names are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.media.encoded import Encoded
from edge.media.inorder import AudioPacket, InOrderAudioBuffer
from edge.media.jitter import DeadlineJitterBuffer, VideoPacket, WholeFrame
from edge.media.keyframes import KeyframeRequests
from edge.media.payloads import begins_frame, is_keyframe
from edge.media.ring import Ring
from edge.media.serial import Unwrapper


@dataclass(slots=True)
class DecoderCounts:
    """Counts of the decoder thread, which alone writes them."""

    decoded: int = 0
    overload: int = 0
    """Encoded frames dropped because the decoder was behind."""
    undecodable: int = 0
    untaken: int = 0
    """Decoded frames dropped because the event loop was behind."""
    unwanted: int = 0
    """Encoded frames that were not decoded because nobody may look."""
    cpu_s: float = 0.0
    """Processor time spent on decoding."""


@dataclass(slots=True)
class VideoFlow:
    """The state of one video track before decoding."""

    jitter: DeadlineJitterBuffer = field(default_factory=DeadlineJitterBuffer)
    keyframes: KeyframeRequests = field(default_factory=KeyframeRequests)
    ring: Ring = field(default_factory=Ring)
    decoder: DecoderCounts = field(default_factory=DecoderCounts)
    codecs: Mapping[int, str] = field(default_factory=dict)
    """RTP payload type to codec name, from our own answer."""
    frames: int = 0
    """Complete encoded frames so far."""
    frame_at: float | None = None
    """Monotonic seconds of the newest complete frame."""
    wanted: bool = True
    """Whether frames are kept and decoded. Without that they are only counted."""
    _timestamp: Unwrapper = field(default_factory=lambda: Unwrapper(32))

    def begins(self, payload_type: int, payload: bytes) -> bool:
        """Whether this RTP payload, header included, proves that a frame begins with it."""
        return begins_frame(self.codecs.get(payload_type, ""), payload)

    def accept(self, packet: VideoPacket, now: float) -> tuple[bool, tuple[Encoded, ...]]:
        """Add one RTP packet. Return whether to send a PLI, and the frames that are complete now."""
        released = self.jitter.add(packet, now)
        if released.ask_keyframe:
            self.keyframes.lost()
        encoded = tuple(self._encoded(frame, now) for frame in released.frames)
        return self.keyframes.due(now), encoded

    def want(self, wanted: bool) -> None:
        """From now on keep and decode frames; or, with False, forget the kept ones and decode none."""
        self.wanted = wanted
        if not wanted:
            self.ring.clear()

    def _encoded(self, frame: WholeFrame, now: float) -> Encoded:
        codec = self.codecs.get(frame.payload_type, "")
        keyframe = is_keyframe(codec, frame.data)
        if frame.after_hole:
            self.keyframes.lost()
        self.keyframes.seen(keyframe, now)
        self.frames += 1
        self.frame_at = now
        encoded = Encoded(
            index=self.frames,
            timestamp=self._timestamp.extend(frame.timestamp),
            arrived_at=now,
            keyframe=keyframe,
            damaged=self.keyframes.damaged,
            codec=codec,
            data=frame.data,
        )
        if self.wanted:
            self.ring.add(encoded)
        return encoded


TOGETHER_TICKS: Final = 3_840
"""Pieces of sound wait until one begins 80 ms after the first; five of 20 ms are decoded together. Each alone
would wake the decoder's thread, and then the event loop."""
MOST_TOGETHER: Final = 32
"""So many of the shortest pieces, of 2.5 ms, begin within that time. A sender's clock may stand still."""


@dataclass(slots=True)
class AudioFlow:
    """The state of one audio track before decoding."""

    order: InOrderAudioBuffer = field(default_factory=InOrderAudioBuffer)
    decoder: DecoderCounts = field(default_factory=DecoderCounts)
    packets: int = 0
    """Packets so far, lost ones included."""
    packet_at: float | None = None
    """Monotonic seconds of the newest packet."""
    _waiting: list[Encoded] = field(default_factory=list)
    _timestamp: Unwrapper = field(default_factory=lambda: Unwrapper(32))

    def accept(self, packet: AudioPacket, now: float) -> tuple[Encoded, ...]:
        """Add one RTP packet. Return what is to be decoded now, oldest first: mostly nothing, then several
        pieces together."""
        for ordered in self.order.add(packet, now):
            self._waiting.append(self._encoded(ordered.packet, ordered.lost_before, now))
        if not self._waiting:
            return ()
        # Time that goes back belongs to a sender that began anew.
        waits = 0 <= self._waiting[-1].timestamp - self._waiting[0].timestamp < TOGETHER_TICKS
        if waits and len(self._waiting) < MOST_TOGETHER:
            return ()
        together = tuple(self._waiting)
        self._waiting.clear()
        return together

    def _encoded(self, packet: AudioPacket, lost_before: int, now: float) -> Encoded:
        self.packets += lost_before + 1
        self.packet_at = now
        return Encoded(
            index=self.packets,
            timestamp=self._timestamp.extend(packet.timestamp),
            arrived_at=now,
            keyframe=True,
            damaged=False,
            codec="opus",
            data=packet.data,
        )


@dataclass(frozen=True, slots=True)
class Flows:
    """The tracks of one peer."""

    video: VideoFlow = field(default_factory=VideoFlow)
    audio: AudioFlow = field(default_factory=AudioFlow)
