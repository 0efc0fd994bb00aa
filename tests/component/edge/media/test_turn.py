"""Media over coturn only, with a password that was made for one session from the shared secret."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aioice.ice import get_host_addresses
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from edge.media.negotiation import PeerSettings
from edge.media.peer import Peer
from shared.ice import IceServer, for_session
from tests.support.candidates import Picture
from tests.support.ports import reserved_port

COTURN = os.environ.get("TURNSERVER_BIN") or shutil.which("turnserver")
ADDRESS = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
SECRET = "only the node and the server know it"

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(COTURN is None, reason="coturn is not installed: apt-get install coturn"),
]


@contextmanager
def coturn(folder: Path) -> Iterator[IceServer]:
    port = reserved_port()
    settings = folder / "turnserver.conf"
    settings.write_text(
        f"listening-ip={ADDRESS}\nrelay-ip={ADDRESS}\nlistening-port={port}\nrealm=exams\nuse-auth-secret\n"
        f"static-auth-secret={SECRET}\nno-cli\nno-tls\nno-dtls\nfingerprint\nlog-file=stdout\n"
        f"pidfile={folder}/pid\nuserdb={folder}/users\n"
    )
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([str(COTURN), "-c", settings], stdout=log, stderr=log)
        try:
            yield IceServer((f"turn:{ADDRESS}:{port}?transport=udp",), secret=SECRET)
        finally:
            running.terminate()
            running.wait(20)


async def relayed_only(server: IceServer) -> RTCPeerConnection:
    """A candidate that may be reached through this server only, with its offer made."""
    configuration = RTCConfiguration(
        iceServers=[RTCIceServer(list(server.urls), server.username, server.credential)],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY,
    )
    candidate = RTCPeerConnection(configuration)
    candidate.addTrack(Picture())
    await candidate.setLocalDescription(await candidate.createOffer())
    return candidate


def test_a_page_that_may_only_use_the_relay_is_watched_with_its_sessions_password(tmp_path: Path) -> None:
    async def scene(server: IceServer) -> None:
        [ready] = for_session([server], UUID(int=3), datetime.now(UTC) + timedelta(hours=1))
        # It may still be starting.
        async with asyncio.timeout(40):
            while "typ relay" not in (candidate := await relayed_only(ready)).localDescription.sdp:
                await candidate.close()
        offer = candidate.localDescription.sdp
        assert "typ host" not in offer
        assert "typ srflx" not in offer
        peer = Peer(PeerSettings())
        try:
            answer = await peer.answer(offer)
            await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            async with asyncio.timeout(30):
                assert await peer.video.get() is not None
        finally:
            await candidate.close()
            await peer.close()
        for username, credential in ((ready.username, "wrong"), (f"1000:{UUID(int=3)}", ready.credential)):
            refused = await relayed_only(IceServer(ready.urls, username, credential))
            assert "typ relay" not in refused.localDescription.sdp
            await refused.close()
        [over] = for_session([server], UUID(int=3), datetime.now(UTC) - timedelta(hours=1))
        late = await relayed_only(over)
        assert "typ relay" not in late.localDescription.sdp, "its session has ended"
        await late.close()

    with coturn(tmp_path) as server:
        asyncio.run(scene(server))
