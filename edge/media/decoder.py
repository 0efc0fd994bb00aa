"""Decodes in one thread per track, with bounded queues before and after.

It replaces aiortc's `decoder_worker`, whose queues have no bounds: a backlog of 600 frames there held 0.8 GB
and blocked the event loop for 2–4 s when the peer left, because the thread is joined on the loop. Here the
thread notices the end after at most one frame of work.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import av
from av.codec.context import CodecContext

from edge.media.encoded import Encoded
from edge.media.flow import AudioFlow, DecoderCounts, VideoFlow
from edge.media.payloads import H264, VP8, declared_size_px
from shared.errors import Corrupt

_WAITING_FRAMES = 30
"""Encoded frames that may wait for the decoder: two seconds at 15 fps."""
_VIDEO_READY_FRAMES = 2
"""Decoded pictures that may wait for the event loop; each is 450 kB at 640×480."""
_AUDIO_READY_FRAMES = 50
"""Decoded audio packets that may wait for the event loop: a second at 20 ms."""
_ASK_AGAIN_FRAMES = 15
"""A keyframe that does not arrive is requested again after this many frames: a second at 15 fps."""
_PIXELS = 1920 * 1088
"""Larger pictures are not decoded; the page sends 640×480."""

VIDEO_CLOCK_HZ = 90_000
AUDIO_CLOCK_HZ = 48_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture or piece of sound, and the encoded frame it came from."""

    frame: av.VideoFrame | av.AudioFrame
    source: Encoded


class Batch:
    """The frames that one RTP packet released, in the form that aiortc passes on. aiortc only sets the
    batch's `timestamp`."""

    def __init__(self, flow: VideoFlow | AudioFlow, frames: tuple[Encoded, ...]) -> None:
        self.flow = flow
        self.frames = frames
        self.timestamp = frames[0].timestamp & 0xFFFFFFFF


class _Codec(Protocol):
    name: str


def open_decoder(codec: str) -> CodecContext:
    """Open a decoder for `codec` (an RTP encoding name) without threads of its own. Raises Corrupt if
    unknown.

    By default FFmpeg starts one thread per CPU and decoder; one thread is as fast at these picture sizes.
    """
    if codec.lower() == "opus":
        opus = cast(Any, CodecContext.create("libopus", "r"))
        opus.format, opus.layout, opus.sample_rate = "s16", "mono", AUDIO_CLOCK_HZ
        return cast(CodecContext, opus)
    names = {VP8: "libvpx", H264: "h264"}
    if codec not in names:
        raise Corrupt(f"no decoder for {codec!r}")
    decoder = CodecContext.create(names[codec], "r")
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(_PIXELS)}
    return decoder


def decode(decoder: CodecContext, source: Encoded) -> list[Decoded]:
    """Decode one encoded frame. Raises Corrupt when it cannot be."""
    width_px, height_px = declared_size_px(source.codec, source.data) or (0, 0)
    if width_px * height_px > _PIXELS:
        # libvpx allocates memory for this size before FFmpeg checks its own limit.
        raise Corrupt(f"a picture of {width_px}×{height_px} is too large")
    packet = av.Packet(source.data)
    packet.pts = source.timestamp
    try:
        return [Decoded(frame, source) for frame in cast(Any, decoder).decode(packet)]
    except av.FFmpegError as error:
        raise Corrupt(f"{source.codec} frame cannot be decoded: {error}") from error


def decode_last(chain: Iterable[Encoded]) -> av.VideoFrame:
    """Decode a chain of frames that begins with a keyframe; return the last picture. Blocking.

    Raises Corrupt when the last frame gives no picture.
    """
    decoder: CodecContext | None = None
    last: Decoded | None = None
    for source in chain:
        decoder = decoder or open_decoder(source.codec)
        decoded = decode(decoder, source)
        last = decoded[-1] if decoded else None
    if last is None or not isinstance(last.frame, av.VideoFrame):
        raise Corrupt("the requested frame gives no picture")
    return last.frame


class Outlet:
    """Passes decoded frames from the thread to an asyncio queue; above `limit` it drops the oldest.

    Bounded on both sides: while the loop is busy at most one call is scheduled on it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ready: asyncio.Queue[Decoded | None],
        limit: int,
        counts: DecoderCounts,
    ) -> None:
        self._loop = loop
        self._ready = ready
        self._limit = limit
        self._counts = counts
        self._crossing: deque[Decoded] = deque()
        self._scheduled = threading.Event()

    def put(self, decoded: Sequence[Decoded]) -> None:
        """Pass frames on, and wake the loop once for all of them; called in the thread."""
        for each in decoded:
            if len(self._crossing) >= self._limit:
                self._crossing.popleft()
                self._counts.untaken += 1
            self._crossing.append(each)
        if decoded and not self._scheduled.is_set():
            self._scheduled.set()
            call_soon(self._loop, self._arrive)

    def _arrive(self) -> None:
        self._scheduled.clear()
        while self._crossing:
            if self._ready.qsize() >= self._limit:
                self._ready.get_nowait()
                self._counts.untaken += 1
            self._ready.put_nowait(self._crossing.popleft())


def call_soon(loop: asyncio.AbstractEventLoop, callback: Any, *arguments: object) -> None:
    """Schedule a call from a thread. Does nothing when the loop is closed."""
    try:
        loop.call_soon_threadsafe(callback, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise


def decoder_worker(
    loop: asyncio.AbstractEventLoop,
    input_q: queue.Queue[tuple[_Codec, Batch] | None],
    output_q: asyncio.Queue[Decoded | None],
    decode_error: threading.Event,
) -> None:
    """Decode until the end marker `None`. Runs in a track's thread.

    `decode_error` set makes the receiver send a PLI with the next packet.
    """
    worker = _Worker(loop, input_q, output_q, decode_error)
    while (task := input_q.get()) is not None and not worker.ending():
        worker.take(*task)
    call_soon(loop, output_q.put_nowait, None)


class _Worker:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        waiting: queue.Queue[Any],
        ready: asyncio.Queue[Decoded | None],
        decode_error: threading.Event,
    ) -> None:
        self._loop = loop
        self._waiting = waiting
        self._ready = ready
        self._decode_error = decode_error
        self._outlet: Outlet | None = None
        self._decoder: CodecContext | None = None
        self._codec = ""
        self._to_keyframe = False
        self._skipped = 0
        """Frames skipped since a keyframe was requested."""
        self._unwanted = False

    def ending(self) -> bool:
        """Whether the end marker is in the queue, at any position."""
        with self._waiting.mutex:
            return bool(self._waiting.queue) and self._waiting.queue[-1] is None

    def take(self, codec: _Codec, batch: Batch) -> None:
        """Decode one batch, or drop it when the queue behind it is too long."""
        counts = batch.flow.decoder
        limit = _VIDEO_READY_FRAMES if isinstance(batch.flow, VideoFlow) else _AUDIO_READY_FRAMES
        if self._outlet is None:
            self._outlet = Outlet(self._loop, self._ready, limit, counts)
        decoded: list[Decoded] = []
        for source in batch.frames:
            if self.ending():
                return
            if isinstance(batch.flow, VideoFlow) and self._is_unwanted(batch.flow):
                counts.unwanted += 1
            elif self._is_overloaded(source, isinstance(batch.flow, VideoFlow)):
                counts.overload += 1
            else:
                decoded += self._decode(codec.name, source, counts)
            if len(decoded) >= limit:  # one packet may release hundreds of pictures of 3 MB
                self._outlet.put(decoded)
                decoded = []
        self._outlet.put(decoded)

    def _is_unwanted(self, flow: VideoFlow) -> bool:
        """Whether nobody may look now. Afterwards decoding continues at a keyframe, which is requested."""
        if self._unwanted and flow.wanted:
            self._to_keyframe = True
            self._decode_error.set()
        self._unwanted = not flow.wanted
        return self._unwanted

    def _is_overloaded(self, source: Encoded, is_video: bool) -> bool:
        """Above the bound audio drops this packet; video requests a keyframe and drops all before it."""
        full = self._waiting.qsize() > _WAITING_FRAMES
        if not is_video:
            return full
        if full and not self._to_keyframe:
            self._to_keyframe = True
            self._decode_error.set()
        elif not full and source.keyframe:
            self._to_keyframe, self._skipped = False, 0
        elif not full and self._to_keyframe:
            self._skipped += 1
            if self._skipped % _ASK_AGAIN_FRAMES == 0:  # the request or its keyframe was lost
                self._decode_error.set()
        return self._to_keyframe

    def _decode(self, codec: str, source: Encoded, counts: DecoderCounts) -> list[Decoded]:
        begun_s = time.thread_time()
        try:
            if self._decoder is None or codec != self._codec:
                self._decoder, self._codec = open_decoder(codec), codec
            decoded = decode(self._decoder, source)
        except Corrupt:
            # The decoder's state is kept: without it every frame would fail until the next keyframe.
            counts.undecodable += 1
            self._decode_error.set()
            return []
        else:
            counts.decoded += len(decoded)
            return decoded
        finally:
            counts.cpu_s += time.thread_time() - begun_s
