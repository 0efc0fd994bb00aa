"""Assembles video packets into complete frames, in order, with a deadline for every hole.

Pure: no clock, `now` is given with each packet. Differences from aiortc's own buffer, each for a measured
reason: a frame is released at its marker bit and not at the next frame's first packet (200 ms earlier at
5 fps); a hole is skipped after `hold_s` instead of blocking until 512 newer packets arrive (25 s at 5 fps);
one packet may release any number of frames (aiortc never caught up after a skipped hole).

A frame is released only when all its packets have arrived and its beginning is proved: by its payload header,
or because the packet just before it ended another frame. Other packets are dropped and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.media.serial import Unwrapper

RESTART_JUMP = 3000
"""A sequence number this far off means a restarted sender, not a late packet (RFC 3550 A.1, MAX_DROPOUT)."""
LATE_RUN = 50
"""This many late packets in a row mean a restarted sender whose new numbers are just below the old ones."""
RECOVERABLE_HOLE = 128
"""A wider hole is skipped at once: no sender remembers more packets to send again."""


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """The fields of an RTP packet that the buffer needs."""

    sequence: int
    """RTP sequence number, 16 bits."""
    timestamp: int
    """RTP timestamp, 32 bits; all packets of a frame share it."""
    payload_type: int
    """RTP payload type, 7 bits: which codec."""
    marker: bool
    """Set on a frame's last packet."""
    begins: bool
    """The payload header proves that a frame begins here; False when unknown."""
    data: bytes
    """Payload without its RTP payload header; empty for padding."""


@dataclass(frozen=True, slots=True)
class WholeFrame:
    """One complete encoded frame."""

    timestamp: int
    """RTP timestamp, 32 bits."""
    payload_type: int
    data: bytes
    after_hole: bool
    """At least one packet between the previous frame and this one is lost."""


@dataclass(frozen=True, slots=True)
class Released:
    """The buffer's answer to one packet."""

    frames: tuple[WholeFrame, ...] = ()
    ask_keyframe: bool = False
    """A packet is finally lost; the decoder needs a keyframe."""


@dataclass(slots=True)
class JitterCounts:
    """Packets that are in no released frame, by reason."""

    lost: int = 0
    """Packets that did not arrive in time: holes that were skipped."""
    late: int = 0
    """Arrived twice, or after their hole was skipped."""
    incomplete: int = 0
    """Arrived, but another part of their frame did not."""
    restarts: int = 0
    """How often the sender restarted its numbers."""


@dataclass(frozen=True, slots=True)
class _Held:
    packet: VideoPacket
    arrived_at: float


class DeadlineJitterBuffer:
    """Reassembles the frames of one video stream. Holds at most `capacity` packets.

    Never releases a frame twice or out of order. Call `add` for each packet as it arrives.
    """

    def __init__(self, hold_s: float = 0.25, capacity: int = 512) -> None:
        self._hold_s = hold_s
        self._capacity = capacity
        self._sequence = Unwrapper(16)
        self._held: dict[int, _Held] = {}
        self._next: int | None = None
        self._first = False
        self._previous: VideoPacket | None = None
        self._hole_passed = False
        self._late_run = 0
        self.counts = JitterCounts()

    def add(self, packet: VideoPacket, now: float) -> Released:
        """Add one packet. Return the frames that are now complete, oldest first."""
        number = self._sequence.extend(packet.sequence)
        ask = self._restart_if_far(number)
        if self._next is None:
            # It is unknown whether the first packet begins a frame; the decoder finds out.
            self._next = number
            self._previous = None
            self._first = True
        elif number < self._next or number in self._held:
            self._note_late(number)
            return Released(ask_keyframe=ask)
        self._late_run = 0
        self._held[number] = _Held(packet, now)
        frames = self._complete_frames()
        while self._is_full(number) or self._hole_is_due(now):
            self._skip(number)
            ask = True
            frames += self._complete_frames()
        return Released(tuple(frames), ask)

    @property
    def held(self) -> int:
        """Packets waiting behind a hole or for the rest of their frame."""
        return len(self._held)

    def _restart_if_far(self, number: int) -> bool:
        """Forget everything when the numbers show that the sender restarted."""
        if self._next is None:
            return False
        far = abs(number - self._next) > RESTART_JUMP
        if not far and self._late_run < LATE_RUN:
            return False
        self.counts.restarts += 1
        self.counts.incomplete += len(self._held)
        self._held.clear()
        self._next = None
        self._late_run = 0
        self._hole_passed = True
        return True

    def _note_late(self, number: int) -> None:
        self.counts.late += 1
        assert self._next is not None
        self._late_run = self._late_run + 1 if number < self._next else 0

    def _complete_frames(self) -> list[WholeFrame]:
        """Remove every complete frame from the front; drop packets of frames whose beginning is lost."""
        frames: list[WholeFrame] = []
        while True:
            self._drop_orphans()
            parts = self._front_frame()
            if parts is None:
                return frames
            for _ in parts:
                self._consume()
            data = b"".join(part.data for part in parts)
            if data:
                head = parts[0]
                frames.append(WholeFrame(head.timestamp, head.payload_type, data, self._hole_passed))
                self._hole_passed = False

    def _drop_orphans(self) -> None:
        while (held := self._held.get(self._next or 0)) is not None and not self._begins_frame(held.packet):
            self._consume()
            self.counts.incomplete += 1

    def _begins_frame(self, packet: VideoPacket) -> bool:
        if packet.begins or self._first:
            return True
        previous = self._previous
        return previous is not None and (previous.marker or previous.timestamp != packet.timestamp)

    def _front_frame(self) -> list[VideoPacket] | None:
        """The packets of the frame at the front, or None while one of them is missing."""
        parts: list[VideoPacket] = []
        assert self._next is not None
        number = self._next
        while (held := self._held.get(number)) is not None:
            if parts and held.packet.timestamp != parts[0].timestamp:
                return parts
            parts.append(held.packet)
            if held.packet.marker:
                return parts
            number += 1
        return None

    def _consume(self) -> None:
        assert self._next is not None
        self._previous = self._held.pop(self._next).packet
        self._first = False
        self._next += 1

    def _hole_is_due(self, now: float) -> bool:
        """Whether the first hole is older than `hold_s`, or too wide to be filled."""
        beyond = self._beyond_first_hole()
        if not beyond:
            return False
        width = min(beyond) - self._first_missing()
        return width > RECOVERABLE_HOLE or now - min(self._held[n].arrived_at for n in beyond) >= self._hold_s

    def _first_missing(self) -> int:
        assert self._next is not None
        number = self._next
        while number in self._held:
            number += 1
        return number

    def _beyond_first_hole(self) -> list[int]:
        missing = self._first_missing()
        return [number for number in self._held if number > missing]

    def _is_full(self, newest: int) -> bool:
        assert self._next is not None
        return newest - self._next >= self._capacity

    def _skip(self, newest: int) -> None:
        """Drop the first hole and all before it; without a hole, drop a frame larger than the buffer."""
        beyond = self._beyond_first_hole()
        if beyond:
            self.counts.lost += min(beyond) - self._first_missing()
        self._go_on_at(min(beyond, default=newest))

    def _go_on_at(self, number: int) -> None:
        """Drop everything held before `number`."""
        for gone in [held for held in self._held if held < number]:
            del self._held[gone]
            self.counts.incomplete += 1
        self._next = number
        self._previous = None
        self._first = False
        self._hole_passed = True
