"""One lossy call, received by this product or by aiortc as it comes, and what arrived of it.

`python -m tests.support.lossy '{"receiver": "stock", …}'` prints the figures as JSON: seams are replaced once
per process, so the two receivers need a process each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from edge.media.peer import Peer, PeerSettings
from tests.support.candidates import Picture, Tone, offer_of
from tests.support.impairment import Impairment, impair


@dataclass(frozen=True, slots=True)
class LossyCall:
    """What to measure."""

    receiver: str
    """`ours` or `stock`."""
    fps: int
    duration_s: float
    loss: float = 0.03
    round_trip_s: float = 0.06
    seed: int = 1
    width: int = 640
    height: int = 480


@dataclass(frozen=True, slots=True)
class LossFigures:
    """What arrived."""

    frames: int
    longest_gap_s: float
    stalled_s: float
    """Time beyond one second of each gap longer than that."""
    lag_s: float
    """95th percentile of arrival against the quickest frame, in media time."""
    damaged_share: float
    """Frames that a loss may have left traces in; 0 for stock, which does not say."""
    audio_lost_share: float
    network_audio_loss: float
    network_video_loss: float


@dataclass(slots=True)
class _Arrivals:
    at: list[float] = field(default_factory=list)
    media_s: list[float] = field(default_factory=list)
    damaged: int = 0
    sound_s: float = 0.0
    """Sound that was sent and arrived."""
    first_sound_at: float | None = None
    last_sound_at: float = 0.0
    ended_at: float = 0.0


async def measure(wanted: LossyCall) -> LossFigures:
    """Make the call and measure it; takes `duration_s` and a little."""
    there = Impairment(wanted.loss, wanted.round_trip_s / 2, wanted.seed)
    back = Impairment(wanted.loss, wanted.round_trip_s / 2, wanted.seed + 1)
    candidate = await offer_of(Picture(wanted.fps, wanted.width, wanted.height), Tone())
    arrivals = _Arrivals()
    receive = _received_by_us if wanted.receiver == "ours" else _received_by_stock
    try:
        async with receive(candidate, arrivals, back):
            impair(candidate, there)
            await asyncio.sleep(wanted.duration_s)
            arrivals.ended_at = time.monotonic()
    finally:
        await candidate.close()
    return _figures(arrivals, there)


@asynccontextmanager
async def _received_by_us(
    candidate: RTCPeerConnection, arrivals: _Arrivals, back: Impairment
) -> AsyncIterator[None]:
    peer = Peer(PeerSettings())
    answer = await peer.answer(candidate.localDescription.sdp)
    await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    assert peer._connection is not None
    impair(peer._connection, back)

    async def pictures() -> None:
        while (frame := await peer.video.get()) is not None:
            arrivals.at.append(time.monotonic())
            arrivals.media_s.append(frame.at_s)
            arrivals.damaged += frame.damaged

    async def sound() -> None:
        while (window := await peer.audio.get()) is not None:
            _heard(arrivals, 0.512 * (1 - window.lost_share))

    tasks = [asyncio.create_task(pictures()), asyncio.create_task(sound())]
    try:
        yield
    finally:
        await peer.close()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def _received_by_stock(
    candidate: RTCPeerConnection, arrivals: _Arrivals, back: Impairment
) -> AsyncIterator[None]:
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tasks: list[asyncio.Task[None]] = []

    async def drain(track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                if track.kind == "video":
                    arrivals.at.append(time.monotonic())
                    arrivals.media_s.append(float(frame.pts * frame.time_base))
                else:
                    _heard(arrivals, frame.samples / frame.sample_rate)

    receiver.on("track", lambda track: tasks.append(asyncio.create_task(drain(track))))
    await receiver.setRemoteDescription(candidate.localDescription)
    await receiver.setLocalDescription(await receiver.createAnswer())
    await candidate.setRemoteDescription(receiver.localDescription)
    impair(receiver, back)
    try:
        yield
    finally:
        await receiver.close()
        await asyncio.gather(*tasks)


def _heard(arrivals: _Arrivals, sound_s: float) -> None:
    now = time.monotonic()
    if arrivals.first_sound_at is None:
        # The first one only starts the count: its beginning lies before anything was measured.
        arrivals.first_sound_at = now
        return
    arrivals.sound_s += sound_s
    arrivals.last_sound_at = now


def _figures(arrivals: _Arrivals, there: Impairment) -> LossFigures:
    # A stream that never comes back is a gap up to the end.
    in_time = [at for at in arrivals.at if at < arrivals.ended_at]
    gaps = [later - earlier for earlier, later in pairwise([*in_time, arrivals.ended_at])]
    lags = [at - media_s for at, media_s in zip(arrivals.at, arrivals.media_s, strict=True)]
    assert arrivals.first_sound_at is not None
    span_s = arrivals.last_sound_at - arrivals.first_sound_at
    sent, lost = there.rtp_sent, there.rtp_lost
    video = [payload_type for payload_type in sent if payload_type != 96]
    return LossFigures(
        frames=len(arrivals.at),
        longest_gap_s=max(gaps),
        stalled_s=sum(gap - 1 for gap in gaps if gap > 1),
        lag_s=sorted(lags)[int(0.95 * len(lags))] - min(lags),
        damaged_share=arrivals.damaged / len(arrivals.at),
        audio_lost_share=1 - arrivals.sound_s / span_s,
        network_audio_loss=lost[96] / sent[96],
        network_video_loss=sum(lost[p] for p in video) / sum(sent[p] for p in video),
    )


if __name__ == "__main__":
    figures = asyncio.run(measure(LossyCall(**json.loads(sys.argv[1]))))
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
