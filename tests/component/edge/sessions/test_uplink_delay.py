"""A real uplink that is suddenly seconds slower, and a loop that stands still: no storm of stalls."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from aiortc import RTCSessionDescription

from edge.judging.policy_settings import monitor_settings
from edge.media.frames import VideoFrame
from edge.media.peer import Peer, PeerSettings
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from edge.sessions.timer import Timer
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.candidates import Picture, Tone, offer_of
from tests.support.impairment import Impairment, impair

pytestmark = pytest.mark.realtime

STALL = EventType.STREAM_STALLED


class Receiver:
    """A connection's pictures as they come, judged as in a session."""

    def __init__(self, peer: Peer) -> None:
        self.found: list[Finding] = []
        self.behind_s = 0.0
        """How far the last picture lay behind."""
        self._peer = peer
        self._monitor = Monitor(monitor_settings(Policy()))
        self._timer = Timer(self._monitor.deadline, self._tick, self._now_s)

    def _now_s(self) -> float:
        return self._peer.clock.session_s(time.monotonic())

    def _tick(self, late_s: float) -> None:
        self.found += self._monitor.tick(self._now_s(), late_s)

    def _see(self, frame: VideoFrame) -> None:
        now = self._now_s()
        self.behind_s = now - frame.at_s
        observation = Observation(at=frame.at_s, level=1, frame_id=frame.frame_id, damaged=frame.damaged)
        self.found += self._monitor.observe(observation, now)
        self._timer.moved()

    async def run(self) -> None:
        keeping = asyncio.create_task(self._timer.run())
        while (frame := await self._peer.video.get()) is not None:
            self._see(frame)
        keeping.cancel()

    def stalls(self) -> Counter[Phase]:
        return Counter(each.phase for each in self.found if each.event is STALL)


async def received(trouble: Callable[[Impairment], Awaitable[None]]) -> Receiver:
    """A call in which something happens after three seconds."""
    candidate = await offer_of(Picture(15, 320, 240), Tone())
    peer, network = Peer(PeerSettings()), Impairment()
    receiver = Receiver(peer)
    try:
        answer = await peer.answer(candidate.localDescription.sdp)
        await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        impair(candidate, network)
        running = asyncio.create_task(receiver.run())
        await asyncio.sleep(3)
        await trouble(network)
        await peer.close()
        await running
    finally:
        await candidate.close()
    return receiver


@pytest.mark.parametrize("step_s", [3.3, 4.5])
def test_a_delay_step_on_the_uplink_is_at_most_one_stall(step_s: float) -> None:
    async def trouble(network: Impairment) -> None:
        network.delay_s = step_s
        await asyncio.sleep(step_s + 12)

    receiver = asyncio.run(received(trouble))
    assert receiver.behind_s > 1.5, "the pictures were to lie behind"
    assert receiver.behind_s < step_s - 0.5, "the clock was to follow"
    assert receiver.stalls()[Phase.RAISED] <= 1
    assert receiver.stalls()[Phase.RAISED] == receiver.stalls()[Phase.CLEARED]
    assert all(each.at_s >= each.raised_s for each in receiver.found)


def test_a_loop_that_stands_still_is_no_stall_of_the_candidate() -> None:
    async def trouble(_network: Impairment) -> None:
        for _ in range(2):
            time.sleep(3.6)  # noqa: ASYNC251  # the loop stands still: that is what is tested
            await asyncio.sleep(5)

    assert asyncio.run(received(trouble)).stalls()[Phase.RAISED] <= 1
