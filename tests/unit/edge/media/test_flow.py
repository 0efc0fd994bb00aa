from __future__ import annotations

from edge.media.encoded import Encoded
from edge.media.flow import MOST_TOGETHER, AudioFlow, VideoFlow
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


def hear(flow: AudioFlow, number: int, now: float, at_ms: int | None = None) -> list[int]:
    """The numbers of the pieces to decode now; each is 20 ms long."""
    ticks = (number * 20 if at_ms is None else at_ms) * 48
    return [item.index for item in flow.accept(AudioPacket(number, ticks % 2**32, 96, b"x"), now)]


def test_the_number_of_an_audio_packet_steps_over_lost_ones() -> None:
    flow = AudioFlow()
    arrivals = ((0, 0.0), (1, 0.02), (4, 0.08), (5, 0.15), (6, 0.16), (7, 0.18), (8, 0.2), (9, 0.22))
    assert [hear(flow, number, now) for number, now in arrivals if number < 7][-2:] == [[1, 2, 5, 6], []]
    assert [hear(flow, number, now) for number, now in arrivals if number > 6] == [[], [], []]
    assert hear(flow, 10, 0.24) == [7, 8, 9, 10, 11]
    assert flow.packet_at == 0.24


def test_five_pieces_of_sound_are_decoded_together_and_each_keeps_its_own_time() -> None:
    flow = AudioFlow()
    for number in range(4):
        assert hear(flow, number, number / 50) == []
    together = flow.accept(AudioPacket(4, 4 * 960, 96, b"x"), 0.08)
    assert [item.timestamp for item in together] == [0, 960, 1920, 2880, 3840]
    assert [item.arrived_at for item in together] == [0.0, 0.02, 0.04, 0.06, 0.08]
    assert [hear(flow, number, number / 50) for number in range(5, 10)] == [[], [], [], [], [6, 7, 8, 9, 10]]


def test_sound_does_not_wait_behind_silence_that_was_not_sent_nor_behind_a_clock_set_back() -> None:
    flow = AudioFlow()
    assert hear(flow, 0, 0.0) == []
    assert hear(flow, 1, 3.0, at_ms=3_000) == [1, 2]
    assert hear(flow, 2, 3.02, at_ms=3_020) == []
    assert hear(flow, 3, 3.04, at_ms=20) == [3, 4]
    assert hear(flow, 4, 3.06, at_ms=40) == []


def test_no_more_pieces_wait_than_80_ms_can_have_whatever_the_senders_clock_says() -> None:
    flow = AudioFlow()
    together = [len(hear(flow, number, number / 50, at_ms=0)) for number in range(2 * MOST_TOGETHER)]
    assert together == 2 * [*(MOST_TOGETHER - 1) * [0], MOST_TOGETHER]
