"""Fails first when aiortc changes under the three names that are replaced."""

from __future__ import annotations

import asyncio
import inspect

import aiortc
from aiortc import rtcrtpreceiver

from edge.media import seams
from edge.media.decoder import decoder_worker
from tests.support.candidates import Picture, call
from tests.support.eventually import PATIENCE_S


def test_aiortc_is_the_version_the_seams_were_cut_for() -> None:
    assert aiortc.__version__.startswith("1.16.")


def test_the_replaced_names_still_look_as_they_are_called() -> None:
    receiver = inspect.getsource(rtcrtpreceiver.RTCRtpReceiver)
    assert "JitterBuffer(capacity=16, prefetch=4)" in receiver
    assert "JitterBuffer(capacity=512, is_video=True)" in receiver
    assert "pli_flag, encoded_frame = self.__jitter_buffer.add(packet)" in receiver
    assert "encoded_frame.timestamp = self.__timestamp_mapper.map(" in receiver
    assert "self.__decoder_queue.put((codec, encoded_frame))" in receiver
    assert "target=decoder_worker" in receiver
    assert "self.__nack_generator = NackGenerator()" in receiver
    assert "self.__nack_generator.add(packet)" in receiver
    assert "sorted(self.__nack_generator.missing)" in receiver


def test_the_decoder_is_called_with_what_it_takes() -> None:
    receive = inspect.getsource(rtcrtpreceiver.RTCRtpReceiver.receive)
    passed = [
        "asyncio.get_event_loop()",
        "self.__decoder_queue",
        "self._track._queue",
        "self.__decoder_error",
    ]
    places = [receive.index(argument) for argument in passed]
    assert places == sorted(places)
    assert list(inspect.signature(decoder_worker).parameters) == [
        "loop",
        "input_q",
        "output_q",
        "decode_error",
    ]


def test_installing_replaces_exactly_these_names() -> None:
    seams.install()
    assert rtcrtpreceiver.decoder_worker is decoder_worker
    assert vars(rtcrtpreceiver)["JitterBuffer"] is seams.open_buffer
    assert vars(rtcrtpreceiver)["NackGenerator"] is seams.NackSeam


def test_a_frame_goes_through_all_seams() -> None:
    async def scene() -> None:
        async with call(Picture()) as connected, asyncio.timeout(PATIENCE_S):
            frame = await connected.peer.video.get()
            assert frame is not None
            assert (frame.width, frame.height) == (320, 240)
            assert not frame.damaged, "the first frame is a keyframe"

    asyncio.run(scene())
