"""Fails first when aiortc changes under the three names that are replaced."""

from __future__ import annotations

import asyncio
import inspect

import aiortc
import pytest
from aiortc import rtcdtlstransport, rtcrtpreceiver
from aiortc.rtp import is_rtcp

from edge.media import seams
from edge.media.datagrams import ice_connections
from edge.media.decoder import decoder_worker
from edge.media.straight import completed
from tests.support.candidates import Picture, Tone, call
from tests.support.eventually import PATIENCE_S, until


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


def test_media_are_still_taken_out_of_their_datagrams_as_is_done_here() -> None:
    receive = inspect.getsource(rtcdtlstransport.RTCDtlsTransport._recv_next)
    assert "if first_byte > 19 and first_byte < 64:" in receive
    assert "elif first_byte > 127 and first_byte < 192 and self._rx_srtp:" in receive
    assert "data = self._rx_srtp.unprotect(data)" in receive
    assert "await self._handle_rtp_data(data, arrival_time_ms=arrival_time_ms)" in receive


def test_media_pass_no_queue_and_all_else_does() -> None:
    async def scene() -> None:
        async with call(Picture(), Tone()) as connected, asyncio.timeout(PATIENCE_S):
            peer = connected.peer
            assert await peer.video.get() is not None
            assert peer._connection is not None
            [ice] = ice_connections(peer._connection)
            queued, put = list[bytes](), ice._queue.put_nowait

            def noted(item: tuple[bytes, int]) -> None:
                queued.append(item[0])
                put(item)

            ice._queue.put_nowait = noted
            for _ in range(30):
                assert await peer.video.get() is not None
            await until(lambda: bool(queued), "a report of the sender")
            assert all(is_rtcp(data) for data in queued)
            assert peer._flows.audio.packets > 20

    asyncio.run(scene())


def test_a_packet_that_cannot_be_received_is_lost_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError

    async def waits() -> None:
        await asyncio.sleep(0)

    completed(fails())
    assert [record.name for record in caplog.records] == ["edge.media.straight"]
    with pytest.raises(RuntimeError):
        completed(waits())


def test_a_frame_goes_through_all_seams() -> None:
    async def scene() -> None:
        async with call(Picture()) as connected, asyncio.timeout(PATIENCE_S):
            frame = await connected.peer.video.get()
            assert frame is not None
            assert (frame.width, frame.height) == (320, 240)
            assert not frame.damaged, "the first frame is a keyframe"

    asyncio.run(scene())
