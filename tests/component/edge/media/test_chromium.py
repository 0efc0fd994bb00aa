"""A real browser against the signaling routes: the truth check for negotiation, trickle and packet time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.media.frames import WINDOW_S
from edge.media.peer import Peer
from tests.support.chromium import BINARY, needs_chromium
from tests.support.eventually import PATIENCE_S, until
from tests.support.signaling import TOKEN, Served, served

pytestmark = pytest.mark.realtime

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
PAGE = """<!doctype html><script type="module">
const media = await navigator.mediaDevices.getUserMedia({
  video: {width: 640, height: 480, frameRate: 15},
  audio: {noiseSuppression: false, autoGainControl: false}});
const connection = new RTCPeerConnection({iceServers: []});
for (const track of media.getTracks()) connection.addTrack(track, media);
const socket = new WebSocket("%s", ["proctor.v1", "bearer.%s"]);
const send = message => socket.send(JSON.stringify(message));
socket.onopen = async () => {
  connection.onicecandidate = ({candidate}) => send({type: "candidate", candidate});
  await connection.setLocalDescription();
  send({type: "offer", sdp: connection.localDescription.sdp});
};
socket.onmessage = ({data}) => {
  const message = JSON.parse(data);
  if (message.type === "answer") connection.setRemoteDescription(message);
};
</script>"""

SIGNALING = Path(__file__).parents[4] / "coordinator" / "web" / "candidate" / "signaling.js"
CANDIDATES_PAGE = """<!doctype html><script type="module">
%s
const stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480, frameRate: 15}});
await connect({url: "%s", token: "%s", stream, iceServers: [], onNotice: () => {}});
</script>"""
"""What the candidate's page does with its connection, by its own module."""


@asynccontextmanager
async def browser(url: str, profile: Path) -> AsyncIterator[None]:
    assert BINARY is not None
    process = await asyncio.create_subprocess_exec(
        BINARY,
        *FLAGS,
        f"--user-data-dir={profile}",
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # what was started is a script that waits for the browser
        await process.wait()


@pytest.mark.browser
@needs_chromium
def test_chromium_streams_pictures_and_sound_in_packets_of_60_ms(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            node.serve_page(PAGE % (node.signaling_url, TOKEN))
            async with browser(f"http://{node.host}/page", tmp_path):
                await check(node)

    asyncio.run(scene())


@pytest.mark.browser
@needs_chromium
def test_the_candidates_page_sends_fewer_pictures_when_asked_and_more_again(tmp_path: Path) -> None:
    script = SIGNALING.read_text("utf-8").replace("export ", "")

    async def scene() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            node.serve_page(CANDIDATES_PAGE % (script, node.signaling_url, TOKEN))
            async with browser(f"http://{node.host}/page", tmp_path):
                peer, page = node.room.seat.peer, node.room.seat.page
                await until_rate(peer, at_least_hz=6.0)
                await page.put({"type": "rate", "frames_per_second": "many"})
                await page.put({"type": "rate", "frames_per_second": 2})
                await until_rate(peer, at_most_hz=3.0)
                await page.put({"type": "rate", "frames_per_second": 15})
                await until_rate(peer, at_least_hz=6.0)
                # Nobody can tell a page without its socket that the node has time again.
                await page.put({"type": "rate", "frames_per_second": 2})
                await until_rate(peer, at_most_hz=3.0)
                node.die()
                await until_rate(peer, at_least_hz=6.0)

    asyncio.run(scene())


async def until_rate(peer: Peer, *, at_least_hz: float = 0.0, at_most_hz: float = 1e9) -> None:
    """Until pictures come so often for two seconds."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_s, before = clock(), peer.video.received
        await asyncio.sleep(2.0)
        if at_least_hz <= (peer.video.received - before) / (clock() - begun_s) <= at_most_hz:
            return


async def check(node: Served) -> None:
    peer = node.room.seat.peer
    frames = [await peer.video.get() for _ in range(30)]
    assert frames[-1] is not None
    assert (frames[-1].width, frames[-1].height) == (640, 480)
    assert not frames[-1].damaged
    packets, windows = peer._flows.audio.packets, peer.audio.received
    await until(lambda: peer._flows.audio.packets - packets >= 60, "60 packets")
    heard_s = (peer.audio.received - windows) * WINDOW_S
    assert 2.4 < heard_s < 4.8, "60 packets of 60 ms are 3.6 s of sound, of 20 ms 1.2 s"
    frame, window = await peer.video.get(), None
    while peer.audio.received > 4 and (waiting := peer.audio.take()) is not None:
        window = waiting
    assert frame is not None
    assert window is not None
    assert window.lost_share == 0.0
    assert 0 <= frame.at_s - window.ends_at_s < 1.0, "sound and pictures are on one clock"
    again = await peer.frame(peer.frame_count)
    assert again.to_bgr().shape == (480, 640, 3)
