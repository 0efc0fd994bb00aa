"""Servers that are slow or dead delay no answer, and are used as soon as they work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from aioice import stun
from aioice.ice import get_host_addresses
from aiortc import RTCSessionDescription

from edge.media.datagrams import ice_connections
from edge.media.gathering import LocalPorts
from edge.media.negotiation import PeerSettings
from edge.media.peer import Peer
from shared.ice import IceServer
from tests.support.candidates import Picture, Tone, offer_of
from tests.support.eventually import until

pytestmark = pytest.mark.realtime
ADDRESS = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]


class StunServer(asyncio.DatagramProtocol):
    """Tells a sender its address once it may."""

    def __init__(self) -> None:
        self.may_answer = False
        self.asked = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        if not self.may_answer:
            return
        asked = stun.parse_message(data)
        answer = stun.Message(asked.message_method, stun.Class.RESPONSE, transaction_id=asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("198.51.100.7", addr[1])
        assert self.transport is not None
        self.transport.sendto(bytes(answer), addr)


@asynccontextmanager
async def stun_server() -> AsyncIterator[tuple[StunServer, IceServer]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(StunServer, local_addr=(ADDRESS, 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        yield server, IceServer((f"stun:{ADDRESS}:{port}",))
    finally:
        transport.close()


def kinds(peer: Peer) -> set[str]:
    assert peer._connection is not None
    return {one.type for ice in ice_connections(peer._connection) for one in ice.local_candidates}


def test_the_answer_does_not_wait_for_a_silent_server_which_is_used_when_it_speaks() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture())
        async with stun_server() as (server, address), asyncio.timeout(40):
            peer = Peer(PeerSettings(ice_servers=(address,)))
            try:
                answer = await peer.answer(candidate.localDescription.sdp)
                assert "typ host" in answer
                assert "typ srflx" not in answer
                server.may_answer = True  # aioice's own gathering would be over by now
                await until(lambda: "srflx" in kinds(peer), "the late candidate")
                await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                assert await peer.video.get() is not None
            finally:
                await candidate.close()
                await peer.close()

    asyncio.run(scene())


def test_a_server_that_answers_at_once_is_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.media.gathering.QUICK_S", 20)  # this machine may be slow

    async def scene() -> str:
        candidate = await offer_of(Picture())
        async with stun_server() as (server, address), asyncio.timeout(40):
            server.may_answer = True
            peer = Peer(PeerSettings(ice_servers=(address,)))
            try:
                return await peer.answer(candidate.localDescription.sdp)
            finally:
                await candidate.close()
                await peer.close()

    assert "198.51.100.7" in asyncio.run(scene())


def test_a_dead_turn_server_delays_no_picture_and_leaves_nothing_behind() -> None:
    async def scene() -> None:
        candidate = await offer_of(Picture(), Tone())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
            dead.bind((ADDRESS, 0))
            url = f"turn:{ADDRESS}:{dead.getsockname()[1]}"
            peer = Peer(PeerSettings(ice_servers=(IceServer((url,), "user", "password"),)))
            try:
                answer = await peer.answer(candidate.localDescription.sdp)
                await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                async with asyncio.timeout(20):
                    assert await peer.video.get() is not None
            finally:
                await candidate.close()
                await peer.close()
        assert not peer._gathering._asking

    asyncio.run(scene())


def test_media_use_only_the_ports_and_families_that_are_set() -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((ADDRESS, 0))
            port = taken.getsockname()[1]
            ports = LocalPorts(first=port, last=port + 3, ipv6=False)
            candidate = await offer_of(Picture())
            peer = Peer(PeerSettings(ports=ports))
            try:
                answer = await peer.answer(candidate.localDescription.sdp)
                lines = [line.split() for line in answer.splitlines() if line.startswith("a=candidate:")]
                assert lines
                assert all(port < int(line[5]) <= port + 3 for line in lines)
                assert all(":" not in line[4] for line in lines)
                await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
                async with asyncio.timeout(20):
                    assert await peer.video.get() is not None
            finally:
                await candidate.close()
                await peer.close()

    asyncio.run(scene())
