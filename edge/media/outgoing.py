"""Tracks that play a recording in real time, for a WebRTC sender."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from edge.media.recording import open_recording, reading

_KEYFRAME_S = 2.1
"""A sender of encoded packets cannot answer a PLI, so the file must have a keyframe this often."""
_SOUND_HZ = 48_000


class Clock:
    """A real-time clock, started by the first track that is read."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._began_at: float | None = None

    async def wait_for(self, media_s: float) -> None:
        """Wait until the recording's time `media_s` is due."""
        if self._began_at is None:
            self._began_at = time.monotonic()
        await asyncio.sleep(max(0.0, self._began_at + media_s - self._start_s - time.monotonic()))


class PlayedTrack(MediaStreamTrack):
    """Plays frames or encoded packets at their times; ends with the recording.

    A thread reads and decodes one item ahead.
    """

    def __init__(self, kind: str, items: Iterator[Any], clock: Clock) -> None:
        super().__init__()
        self.kind = kind
        self._items = items
        self._clock = clock

    async def recv(self) -> Any:
        """The next frame or packet, when it is due. Raises MediaStreamError at the end."""
        if self.readyState != "live":
            raise MediaStreamError
        item = await asyncio.to_thread(next, self._items, None)
        if item is None:
            self.stop()
            raise MediaStreamError
        await self._clock.wait_for(float(item.pts * item.time_base))
        return item


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The tracks of a recording, ready to be sent."""

    tracks: tuple[tuple[MediaStreamTrack, str], ...]
    """Each track with the MIME type to send it as."""

    def close(self) -> None:
        """Stop all tracks."""
        for track, _ in self.tracks:
            track.stop()


def open_outgoing(path: Path) -> Outgoing:
    """Open a recording for sending. Raises Rejected when it cannot be read."""
    recording = open_recording(path)
    clock = Clock(recording.start_s)
    tracks: list[tuple[MediaStreamTrack, str]] = []
    if recording.has_video:
        codec = sendable_video(path)
        items = _packets(path, "video") if codec else _pictures(path)
        tracks.append((PlayedTrack("video", items, clock), f"video/{codec or 'VP8'}"))
    if recording.has_audio:
        items = _packets(path, "audio") if _is_opus(path) else _sound(path)
        tracks.append((PlayedTrack("audio", items, clock), "audio/opus"))
    return Outgoing(tuple(tracks))


def sendable_video(path: Path) -> str | None:
    """The RTP codec name when the file's video packets can be sent as they are, else None."""
    with reading(path) as container:
        stream = container.streams.video[0]
        codec = {"h264": "H264", "vp8": "VP8"}.get(stream.codec_context.name.removeprefix("lib"))
        if codec is None or stream.codec_context.pix_fmt != "yuv420p":
            return None
        packets: Iterator[Any] = container.demux(stream)
        timed = [(float(p.pts * p.time_base), p.is_keyframe) for p in packets if p.pts is not None]
    times = [at for at, _ in timed]
    keyframes = [at for at, keyframe in timed if keyframe]
    in_order = times == sorted(times)
    often = bool(keyframes) and all(b - a <= _KEYFRAME_S for a, b in pairwise([*keyframes, times[-1]]))
    return codec if in_order and often else None


def _is_opus(path: Path) -> bool:
    with reading(path) as container:
        return container.streams.audio[0].codec_context.name.removeprefix("lib") == "opus"


def _packets(path: Path, kind: str) -> Iterator[Any]:
    with reading(path) as container:
        stream: Any = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        annex_b = stream.codec_context.name == "h264"
        # Matroska and MP4 store H.264 with lengths; RTP packing needs start codes.
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream) if annex_b else None
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            yield from to_annex_b.filter(packet) if to_annex_b else (packet,)


def _pictures(path: Path) -> Iterator[Any]:
    with reading(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if frame.pts is None or frame.time_base is None:
                frame.pts, frame.time_base = number, Fraction(1, 25)
            # Encoders need an even width and height.
            yield frame.reformat(frame.width // 2 * 2, frame.height // 2 * 2, format="yuv420p")


def _sound(path: Path) -> Iterator[Any]:
    with reading(path) as container:
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=_SOUND_HZ, frame_size=960)
        for frame in container.decode(audio=0):
            yield from resampler.resample(frame)
