"""What no camera sends: garbage on the port, garbage from the candidate itself, far more than asked for."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport

from edge.media.flow import VideoFlow
from edge.media.frames import WINDOW_S
from edge.media.peer import Peer
from edge.media.sound_pace import CREDIT_S
from tests.component.edge.media.test_decoder import Bench, vp8
from tests.support.candidates import Call, Picture, Tone, call
from tests.support.eventually import PATIENCE_S, until

pytestmark = pytest.mark.realtime

GARBAGE = 3_000
FIRST_BYTES = (0x00, 0x01, 0x14, 0x16, 0x17, 0x3F, 0x80, 0x90, 0xFF)
"""STUN, DTLS and RTP, as RFC 7983 tells them apart, and what is none of them."""
MIB = 2**20
OPUS = 96
"""aiortc's payload type of it."""


def rss_bytes() -> int:
    return psutil.Process().memory_info().rss


def media_port(peer: Peer) -> tuple[str, int]:
    """Where the peer receives: the first of its candidates that is no address of a bridge alone."""
    connection: Any = peer._connection
    found = re.search(
        r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) ", connection.localDescription.sdp
    )
    assert found is not None
    return found[1], int(found[2])


def cut_stun(random_: random.Random) -> bytes:
    """A binding request whose last attribute promises more than there is, or less than its kind needs."""
    kind = random_.choice((0x0001, 0x0006, 0x0020, 0x0024, 0x8028, 0x8029))
    body = struct.pack("!HH", kind, random_.randint(0, 8)) + random_.randbytes(4 * random_.randint(0, 2))
    return struct.pack("!HHI", 0x0001, len(body), 0x2112A442) + random_.randbytes(12) + body


def garbage() -> Iterator[bytes]:
    """Datagrams of every kind and size."""
    random_ = random.Random(7)
    for number in range(GARBAGE):
        if number % 4 == 0:
            yield cut_stun(random_)
        size = random_.choice((0, 1, 11, 12, 13, 40, 200, 1_500, 1_501, 9_000))
        yield bytes([FIRST_BYTES[number % len(FIRST_BYTES)]])[:size] + random_.randbytes(max(0, size - 1))


async def pictures(connected: Call, count: int) -> None:
    for _ in range(count):
        assert await connected.peer.video.get() is not None


def test_a_stranger_who_floods_the_media_port_disturbs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with asyncio.timeout(PATIENCE_S), call(Picture(), Tone()) as connected:
            await pictures(connected, 3)
            address, before = media_port(connected.peer), rss_bytes()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for number, datagram in enumerate(garbage()):
                    stranger.sendto(datagram, address)
                    if number % 50 == 0:
                        await asyncio.sleep(0.005)
            await pictures(connected, 15)
            assert not connected.peer.ended.is_set()
            assert connected.peer.counts(0.0).dropped["datagram_refused"] > 0
            assert rss_bytes() - before < 64 * MIB

    asyncio.run(scene())
    assert [record.name for record in caplog.records] == []


def header_bytes(packet: bytes) -> int:
    """Of an RTP packet: without contributing sources, with its extension (RFC 3550, 5.3.1)."""
    return 16 + 4 * int.from_bytes(packet[14:16]) if packet[0] & 0x10 else 12


@contextmanager
def spoilt(candidate: RTCPeerConnection) -> Iterator[None]:
    """What the candidate sends is authentic, and behind the RTP header nothing but noise."""
    random_ = random.Random(7)

    async def send(transport: RTCDtlsTransport, data: bytes) -> None:
        is_rtcp = data[1] in range(192, 224)
        header = len(data) if is_rtcp else header_bytes(data)
        noise = data[:header] + random_.randbytes(len(data) - header)
        await RTCDtlsTransport._send_rtp(transport, noise)

    transports: list[Any] = [one.sender.transport for one in candidate.getTransceivers()]
    for transport in transports:
        transport._send_rtp = partial(send, transport)
    try:
        yield
    finally:
        for transport in transports:
            if "_send_rtp" in vars(transport):
                del transport._send_rtp


def unusable(peer: Peer) -> int:
    """Packets and frames of which no picture could be made, as they are counted."""
    dropped = peer.counts(0.0).dropped
    return sum(dropped[reason] for reason in ("undecodable", "video_packet_incomplete", "video_packet_lost"))


def test_a_candidate_who_sends_garbage_is_counted_and_seen_again_once_it_sends_pictures() -> None:
    async def scene() -> None:
        async with asyncio.timeout(PATIENCE_S), call(Picture(), Tone()) as connected:
            await pictures(connected, 3)
            counted, before = unusable(connected.peer), rss_bytes()
            with spoilt(connected.candidate):
                await until(lambda: unusable(connected.peer) - counted > 10, "garbage is counted")
            assert not connected.peer.ended.is_set()
            await pictures(connected, 15)
            assert rss_bytes() - before < 64 * MIB

    asyncio.run(scene())


@contextmanager
def leaping(candidate: RTCPeerConnection, by_s: float) -> Iterator[None]:
    """The time stamps of sound run away, by so much more with each packet."""
    packets = 0

    async def send(transport: RTCDtlsTransport, data: bytes) -> None:
        nonlocal packets
        if data[1] not in range(192, 224) and data[1] & 0x7F == OPUS:
            packets += 1
            stamp = int.from_bytes(data[4:8]) + round(packets * by_s * 48_000)
            data = data[:4] + (stamp % 2**32).to_bytes(4) + data[8:]
        await RTCDtlsTransport._send_rtp(transport, data)

    transports: list[Any] = [one.sender.transport for one in candidate.getTransceivers()]
    for transport in transports:
        transport._send_rtp = partial(send, transport)
    try:
        yield
    finally:
        for transport in transports:
            if "_send_rtp" in vars(transport):
                del transport._send_rtp


def test_sound_whose_time_leaps_makes_no_flood_of_windows_and_goes_on_once_it_is_honest() -> None:
    async def scene() -> None:
        async with asyncio.timeout(PATIENCE_S), call(Picture(), Tone()) as connected:
            peer = connected.peer
            await pictures(connected, 3)
            await until(lambda: peer.audio.received > 0, "sound is heard")
            before, began_at = peer.audio.received, time.monotonic()
            with leaping(connected.candidate, by_s=29.0):
                await until(lambda: peer.counts(0.0).dropped["audio_leap"] > 50, "leaps are counted")
            made, took_s = peer.audio.received - before, time.monotonic() - began_at
            assert made <= (CREDIT_S + 2.0 * took_s) / WINDOW_S
            before = peer.audio.received
            await until(lambda: peer.audio.received > before + 2, "sound is heard again")
            await pictures(connected, 5)

    asyncio.run(scene())


@contextmanager
def set_back(candidate: RTCPeerConnection, by_s: float) -> Iterator[None]:
    """The time stamps of sound lie back by so much."""

    async def send(transport: RTCDtlsTransport, data: bytes) -> None:
        if data[1] not in range(192, 224) and data[1] & 0x7F == OPUS:
            stamp = int.from_bytes(data[4:8]) - round(by_s * 48_000)
            data = data[:4] + (stamp % 2**32).to_bytes(4) + data[8:]
        await RTCDtlsTransport._send_rtp(transport, data)

    transports: list[Any] = [one.sender.transport for one in candidate.getTransceivers()]
    for transport in transports:
        transport._send_rtp = partial(send, transport)
    try:
        yield
    finally:
        for transport in transports:
            if "_send_rtp" in vars(transport):
                del transport._send_rtp


def test_sound_whose_clock_is_set_back_by_seconds_goes_on_at_once_and_in_its_own_time() -> None:
    async def scene() -> None:
        async with asyncio.timeout(60), call(Tone()) as connected:
            peer = connected.peer
            window = await peer.audio.get()
            assert window is not None
            with set_back(connected.candidate, by_s=4.0):
                await until(lambda: peer.counts(0.0).dropped["audio_leap"] == 1, "the step is seen")
                before = window
                for _ in range(6):
                    window = await peer.audio.get()
                    assert window is not None
                    assert window.at_s > before.at_s
                    before = window

    asyncio.run(scene())


def test_full_hd_at_sixty_a_second_is_bounded_and_every_frame_accounted_for() -> None:
    seconds, fps, together = 3, 60, 20

    async def scene() -> None:
        bench = Bench(VideoFlow())
        film = vp8(together, 1_920, 1_080)
        before, longest = rss_bytes(), 0
        bench.thread.start()
        for number in range(seconds * fps):
            bench.give([replace(film[number % together], index=number + 1)])
            longest = max(longest, bench.waiting.qsize())
            await asyncio.sleep(1 / fps)
        await bench.finish()
        counts = bench.flow.decoder
        assert counts.decoded + counts.overload + counts.undecodable == seconds * fps
        assert counts.undecodable == 0
        assert longest < fps, "less than a second waits to be decoded"
        assert counts.decoded > seconds
        assert counts.untaken == counts.decoded - 2  # nobody fetched, and only the newest two wait
        assert rss_bytes() - before < 192 * MIB

    asyncio.run(scene())
