from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from edge.media.jitter import DeadlineJitterBuffer, VideoPacket
from tests.support.lossy import LossyCall, measure

pytestmark = pytest.mark.realtime


def test_three_percent_loss_leaves_no_long_gap_and_costs_audio_no_more_than_the_network_took() -> None:
    figures = asyncio.run(measure(LossyCall("ours", fps=15, duration_s=25.0, width=320, height=240)))
    assert figures.network_video_loss > 0.01, "the network was to lose something"
    # 0.45 s were measured over 120 s; the rest is for a machine that does other things too.
    assert figures.longest_gap_s < 1.5
    assert figures.frames > 0.8 * 25 * 15
    # 512 ms of the 25 s may be on their way at either end.
    assert figures.audio_lost_share < figures.network_audio_loss + 0.02


def test_one_packet_that_never_comes_stalls_stock_for_good_and_us_for_under_a_second() -> None:
    frame_s = 0.2
    stock, ours = JitterBuffer(capacity=512, is_video=True), DeadlineJitterBuffer()
    stock_at: list[float] = []
    ours_at: list[float] = []
    for number in (n for n in range(100) if n != 10):
        now = number * frame_s
        packet = RtpPacket(payload_type=97, marker=1, sequence_number=number, timestamp=number * 18_000)
        packet._data = b"frame"  # type: ignore[attr-defined]
        if stock.add(packet)[1] is not None:
            stock_at.append(now)
        arrived = VideoPacket(number, packet.timestamp, 97, marker=True, begins=True, data=b"frame")
        ours_at += [now] * len(ours.add(arrived, now).frames)
    assert max(stock_at) < 2.0, "18 s without a picture, and more to come"
    assert len(ours_at) == 99
    assert max(later - earlier for earlier, later in pairwise(ours_at)) == pytest.approx(4 * frame_s)
