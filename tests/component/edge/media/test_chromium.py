"""A real browser against the signaling routes: the truth check for negotiation, trickle and packet time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.media.frames import WINDOW_S
from tests.support.eventually import PATIENCE_S, until
from tests.support.signaling import TOKEN, Served, served

pytestmark = pytest.mark.realtime

CHROMIUM = shutil.which("chromium")
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


@asynccontextmanager
async def browser(url: str, profile: Path) -> AsyncIterator[None]:
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *FLAGS,
        f"--user-data-dir={profile}",
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_chromium_streams_pictures_and_sound_in_packets_of_60_ms(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            node.serve_page(PAGE % (node.signaling_url, TOKEN))
            async with browser(f"http://{node.host}/page", tmp_path):
                await check(node)

    asyncio.run(scene())


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
