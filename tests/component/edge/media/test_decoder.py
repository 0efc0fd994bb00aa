from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from edge.media import decoder
from edge.media.decoder import Batch, Decoded, decode_last, decoder_worker
from edge.media.encoded import Encoded
from edge.media.flow import AudioFlow, VideoFlow
from edge.media.payloads import is_keyframe
from shared.errors import Corrupt
from tests.support.eventually import until

pytestmark = pytest.mark.realtime

KEYFRAME_EVERY = 40


@dataclass(frozen=True, slots=True)
class Codec:
    name: str


def vp8(count: int, width: int = 320, height: int = 240) -> list[Encoded]:
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.gop_size, encoder.bit_rate = Fraction(1, 15), KEYFRAME_EVERY, 300_000
    encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    frames = []
    for number in range(count):
        pixels = np.roll(np.tile(np.arange(width, dtype=np.uint8), (height, 1)), 7 * number, axis=1)
        picture = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
        picture.pts = number
        for packet in encoder.encode(picture):
            data = bytes(packet)
            keyframe = is_keyframe("VP8", data)
            frames.append(Encoded(number + 1, number * 6_000, 0.0, keyframe, False, "VP8", data))
    return frames


class Bench:
    """A decoder thread as the receiver runs it, with the queues that aiortc gives it."""

    def __init__(self, flow: VideoFlow | AudioFlow) -> None:
        self.flow = flow
        self.given = 0
        self.waiting: queue.Queue[Any] = queue.Queue()
        self.ready: asyncio.Queue[Decoded | None] = asyncio.Queue()
        self.failed = threading.Event()
        loop = asyncio.get_running_loop()
        self.thread = threading.Thread(
            target=decoder_worker, args=(loop, self.waiting, self.ready, self.failed)
        )

    def give(self, frames: Sequence[Encoded], codec: str = "VP8") -> None:
        for frame in frames:
            self.given += 1
            self.waiting.put((Codec(codec), Batch(self.flow, (frame,))))

    async def finish(self) -> None:
        """Let everything that waits be worked off, then end the thread."""
        await asyncio.to_thread(self._worked_off)
        self.waiting.put(None)
        await asyncio.to_thread(self.thread.join)
        await asyncio.sleep(0)

    def _worked_off(self) -> None:
        deadline = time.monotonic() + 30
        while self._handled() < self.given and time.monotonic() < deadline:
            time.sleep(0.002)

    def _handled(self) -> int:
        counts = self.flow.decoder
        return counts.decoded + counts.overload + counts.undecodable + counts.unwanted


def test_frames_come_out_as_they_went_in() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        bench.thread.start()
        for frame in vp8(5):
            bench.give([frame])
            decoded = await bench.ready.get()
            assert decoded is not None
            assert decoded.source is frame
            assert isinstance(decoded.frame, av.VideoFrame)
        await bench.finish()
        assert await bench.ready.get() is None, "the track learns that it has ended"
        assert bench.flow.decoder.decoded == 5

    asyncio.run(scene())


def test_a_backlog_is_dropped_up_to_the_next_keyframe_and_a_keyframe_is_asked_for() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        frames = vp8(90)
        bench.give(frames)
        bench.thread.start()
        await bench.finish()
        counts = bench.flow.decoder
        # More than 30 wait until frame 60 is reached; the next keyframe after that is frame 81 (one in 40).
        assert counts.overload == 80
        assert counts.decoded == 10
        assert bench.failed.is_set()

    asyncio.run(scene())


def test_only_the_newest_pictures_wait_for_a_busy_loop() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        bench.give(vp8(20))
        bench.thread.start()
        deadline = time.monotonic() + 10
        while bench.flow.decoder.decoded < 20 and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251  the loop is meant to be busy
        await until(lambda: bench.ready.qsize() == 2, "the loop hears of the newest")
        assert bench.flow.decoder.untaken == 18
        newest = [bench.ready.get_nowait() for _ in range(2)]
        assert [item.source.index for item in newest if item is not None] == [19, 20]
        await bench.finish()

    asyncio.run(scene())


def test_ending_with_a_backlog_takes_at_most_one_frame_of_work() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        bench.give([frame for frame in vp8(30, 1280, 720) for _ in range(20)])
        bench.thread.start()
        await until(lambda: bench._handled() > 0, "it is at work")
        bench.waiting.put(None)
        at_work = bench.flow.decoder.decoded
        bench.thread.join()  # as aiortc does it, on the event loop
        # One is in work, and one may be finished before its count is read.
        assert bench.flow.decoder.decoded - at_work <= 2

    asyncio.run(scene())


def test_garbage_asks_for_a_keyframe_and_decoding_goes_on() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        first, second, third = vp8(3)
        bench.give([first, replace(second, data=b"\x01garbage"), third])
        bench.thread.start()
        await bench.finish()
        assert bench.flow.decoder.undecodable == 1
        assert bench.flow.decoder.decoded == 2
        assert bench.failed.is_set()

    asyncio.run(scene())


def test_a_picture_beyond_all_sense_is_not_decoded() -> None:
    async def scene() -> None:
        bench = Bench(VideoFlow())
        first = vp8(1)[0]
        huge = first.data[:6] + (16_383).to_bytes(2, "little") * 2 + first.data[10:]
        bench.give([replace(first, data=huge)])
        bench.thread.start()
        await bench.finish()
        assert bench.flow.decoder.undecodable == 1

    asyncio.run(scene())


def opus(count: int) -> list[Encoded]:
    """Pieces of silence, 20 ms each."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    silence = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
    silence.sample_rate = 48_000
    packet = bytes(next(iter(encoder.encode(silence) + encoder.encode(None))))
    return [Encoded(n, n * 960, 0.0, True, False, "opus", packet) for n in range(1, count + 1)]


def test_the_loop_is_woken_once_for_sound_that_is_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        bench, pieces = Bench(AudioFlow()), opus(10)
        woken: list[int] = []

        def at_once(_: object, callback: Callable[..., None], *arguments: object) -> None:
            callback(*arguments)
            woken.append(bench.ready.qsize())

        monkeypatch.setattr(decoder, "call_soon", at_once)
        for together in (pieces[:5], pieces[5:]):
            bench.given += len(together)
            bench.waiting.put((Codec("opus"), Batch(bench.flow, tuple(together))))
        bench.thread.start()
        await bench.finish()
        passed = [bench.ready.get_nowait() for _ in range(10)]
        assert [each.source for each in passed if each is not None] == pieces
        assert woken == [5, 10, 11]  # the last one is the end

    asyncio.run(scene())


def test_of_many_pictures_that_one_packet_releases_few_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []
    put = decoder.Outlet.put

    def noted(outlet: decoder.Outlet, decoded: Sequence[Decoded]) -> None:
        together.append(len(decoded))
        put(outlet, decoded)

    async def scene() -> None:
        bench = Bench(VideoFlow())
        frames = vp8(25)
        bench.given = len(frames)
        bench.waiting.put((Codec("VP8"), Batch(bench.flow, tuple(frames))))
        bench.thread.start()
        await bench.finish()
        assert bench.flow.decoder.decoded == 25

    monkeypatch.setattr(decoder.Outlet, "put", noted)
    asyncio.run(scene())
    assert sum(together) == 25
    assert max(together) <= 2


def test_an_audio_backlog_loses_the_oldest_and_keeps_the_rest() -> None:
    async def scene() -> None:
        bench = Bench(AudioFlow())
        bench.give(opus(40), "opus")
        bench.thread.start()
        await bench.finish()
        assert bench.flow.decoder.overload == 9
        assert bench.flow.decoder.decoded == 31

    asyncio.run(scene())


def test_the_last_of_a_chain_is_decoded_and_a_broken_chain_is_corrupt() -> None:
    frames = vp8(6)
    picture = decode_last(frames)
    assert (picture.width, picture.height) == (320, 240)
    with pytest.raises(Corrupt):
        decode_last(frames[1:])


def test_what_nobody_may_look_at_is_not_decoded_and_decoding_goes_on_at_a_keyframe() -> None:
    async def scene() -> None:
        flow = VideoFlow()
        bench, frames = Bench(flow), vp8(KEYFRAME_EVERY + 2)
        bench.thread.start()
        for wanted, given, decoded in (
            (True, frames[:5], 5),
            (False, frames[5:10], 5),
            (True, frames[10:], 7),
        ):
            flow.want(wanted)
            bench.failed.clear()
            for frame in given:
                bench.give([frame])
                await asyncio.to_thread(bench._worked_off)
            assert flow.decoder.decoded == decoded
            asked = wanted and given[0] is not frames[0]
            assert bench.failed.is_set() == asked
        assert (flow.decoder.unwanted, flow.decoder.overload) == (5, KEYFRAME_EVERY - 10)
        await bench.finish()

    asyncio.run(scene())


def test_a_keyframe_that_does_not_come_is_asked_for_again() -> None:
    async def scene() -> None:
        flow = VideoFlow()
        bench, frames = Bench(flow), vp8(KEYFRAME_EVERY)
        bench.thread.start()
        flow.want(False)
        bench.give(frames[:2])
        await asyncio.to_thread(bench._worked_off)
        flow.want(True)
        asked = []
        for frame in frames[2:36]:
            bench.give([frame])
            await asyncio.to_thread(bench._worked_off)
            if bench.failed.is_set():
                asked.append(frame.index)
                bench.failed.clear()
        assert [later - asked[0] for later in asked] == [0, 14, 29]
        await bench.finish()

    asyncio.run(scene())
