from __future__ import annotations

from edge.media.encoded import Encoded
from edge.media.flow import AudioFlow, VideoFlow
from edge.media.inorder import AudioPacket
from edge.media.jitter import VideoPacket

KEYFRAME, DELTA = b"\x10\x02\x00", b"\x11\x02\x00"


def send(flow: VideoFlow, number: int, now: float, data: bytes = DELTA) -> tuple[bool, tuple[Encoded, ...]]:
    begins = flow.begins(97, b"\x10" + data)
    packet = VideoPacket(number, (2**32 - 12_000 + number * 6_000) % 2**32, 97, True, begins, data)
    return flow.accept(packet, now)


def new_flow(frames_before: int = 0) -> VideoFlow:
    return VideoFlow(codecs={97: "VP8"}, frames=frames_before)


def test_frames_are_numbered_and_their_time_does_not_wrap() -> None:
    flow = new_flow(frames_before=40)
    frames = [frame for n in range(4) for frame in send(flow, n, n / 15, KEYFRAME if n == 0 else DELTA)[1]]
    assert [frame.index for frame in frames] == [41, 42, 43, 44]
    assert [frame.timestamp - frames[0].timestamp for frame in frames] == [0, 6_000, 12_000, 18_000]
    assert [frame.keyframe for frame in frames] == [True, False, False, False]


def test_after_a_loss_frames_are_marked_as_damaged_until_a_keyframe_and_one_is_asked_for() -> None:
    flow = new_flow()
    send(flow, 0, 0.0, KEYFRAME)
    send(flow, 1, 0.1)
    assert send(flow, 3, 0.3) == (False, ())
    asked, frames = send(flow, 4, 0.6)
    assert asked
    assert [frame.damaged for frame in frames] == [True, True]
    assert [frame.damaged for n in (5, 6) for frame in send(flow, n, 0.7, KEYFRAME)[1]] == [False, False]
    assert flow.jitter.counts.lost == 1


def test_what_was_sent_before_the_first_keyframe_is_damaged_and_not_in_the_ring() -> None:
    flow = new_flow()
    asked, frames = send(flow, 0, 0.0)
    assert asked
    assert frames[0].damaged
    assert flow.ring.size_bytes == 0


def test_the_number_of_an_audio_packet_steps_over_lost_ones() -> None:
    flow = AudioFlow()
    indexes = [
        item.index
        for number, now in ((0, 0.0), (1, 0.02), (4, 0.08), (5, 0.15), (6, 0.16))
        for item in flow.accept(AudioPacket(number, number * 960, 96, b"x"), now)
    ]
    assert indexes == [1, 2, 5, 6, 7]
    assert flow.packet_at == 0.16
