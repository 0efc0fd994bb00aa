from __future__ import annotations

from collections.abc import Iterable

from edge.media.jitter import DeadlineJitterBuffer, VideoPacket, WholeFrame
from tests.support.video_packets import FIRST, names, stream


def feed(buffer: DeadlineJitterBuffer, packets: Iterable[VideoPacket], now: float = 0.0) -> list[WholeFrame]:
    return [frame for packet in packets for frame in buffer.add(packet, now).frames]


def test_a_frame_leaves_with_its_marker_and_does_not_wait_for_the_next() -> None:
    buffer = DeadlineJitterBuffer()
    a, b = stream([2])
    assert buffer.add(a, 0.0).frames == ()
    assert names(buffer.add(b, 0.0).frames) == ["0.0 0.1"]


def test_a_frame_without_marker_leaves_when_the_next_one_begins() -> None:
    buffer = DeadlineJitterBuffer()
    a, b = stream([1, 1])
    unmarked = VideoPacket(a.sequence, a.timestamp, a.payload_type, False, False, a.data)
    assert buffer.add(unmarked, 0.0).frames == ()
    assert names(buffer.add(b, 0.0).frames) == ["0.0", "1.0"]


def test_swapped_packets_come_out_in_order() -> None:
    a, b, c, d = stream([2, 2])
    assert names(feed(DeadlineJitterBuffer(), [a, c, b, d])) == ["0.0 0.1", "1.0 1.1"]


def test_a_hole_filled_in_time_costs_nothing() -> None:
    buffer = DeadlineJitterBuffer(hold_s=0.25)
    a, b, c = stream([1, 1, 1])
    feed(buffer, [a, c])
    released = buffer.add(b, 0.24)
    assert names(released.frames) == ["1.0", "2.0"]
    assert not released.ask_keyframe
    assert not any(frame.after_hole for frame in released.frames)
    assert buffer.counts.lost == 0


def test_a_hole_is_skipped_at_its_deadline_and_asks_for_a_keyframe() -> None:
    buffer = DeadlineJitterBuffer(hold_s=0.25)
    packets = stream([1, 1, 1, 1, 1], proved=True)
    feed(buffer, [packets[0], packets[2]], now=0.0)
    assert buffer.add(packets[3], 0.20).frames == ()
    released = buffer.add(packets[4], 0.25)
    assert names(released.frames) == ["2.0", "3.0", "4.0"]
    assert released.ask_keyframe
    assert [frame.after_hole for frame in released.frames] == [True, False, False]
    assert buffer.counts.lost == 1


def test_two_holes_each_get_their_own_deadline() -> None:
    buffer = DeadlineJitterBuffer(hold_s=0.25)
    packets = stream([1] * 7, proved=True)
    feed(buffer, [packets[0], packets[2]], now=0.0)
    feed(buffer, [packets[4]], now=0.2)
    assert names(buffer.add(packets[5], 0.3).frames) == ["2.0"]
    assert names(buffer.add(packets[6], 0.45).frames) == ["4.0", "5.0", "6.0"]


def test_a_frame_that_lost_its_end_is_dropped_whole() -> None:
    buffer = DeadlineJitterBuffer(hold_s=0.1)
    packets = stream([3, 1])
    feed(buffer, [packets[0], packets[1]], now=0.0)
    feed(buffer, [packets[3]], now=0.0)
    last = VideoPacket((FIRST + 4) % 65_536, 7, 97, True, True, b"2.0")
    assert names(buffer.add(last, 0.2).frames) == ["2.0"], "1.0 does not prove that it begins a frame"
    assert buffer.counts.lost == 1
    assert buffer.counts.incomplete == 3


def test_after_a_hole_a_proved_beginning_is_taken_and_an_unproved_one_is_not() -> None:
    for proved, expected in ((True, ["0.0", "2.0 2.1", "3.0"]), (False, ["0.0", "3.0"])):
        buffer = DeadlineJitterBuffer(hold_s=0.0)
        packets = stream([1, 1, 2, 1], proved)
        assert names(feed(buffer, packets[:1] + packets[2:])) == expected


def test_packets_of_a_frame_without_its_beginning_are_dropped() -> None:
    buffer = DeadlineJitterBuffer(hold_s=0.0)
    packets = stream([1, 3, 1], proved=True)
    assert names(feed(buffer, [packets[0], *packets[2:]])) == ["0.0", "2.0"]
    assert buffer.counts.incomplete == 2


def test_a_packet_twice_is_counted_and_gives_one_frame() -> None:
    buffer = DeadlineJitterBuffer()
    a, b = stream([1, 1])
    assert names(feed(buffer, [a, a, b, a, b])) == ["0.0", "1.0"]
    assert buffer.counts.late == 3


def test_padding_gives_no_frame() -> None:
    buffer = DeadlineJitterBuffer()
    a, b, c = stream([1, 1, 1])
    padding = VideoPacket(b.sequence, a.timestamp, a.payload_type, False, False, b"")
    assert names(feed(buffer, [a, padding, c])) == ["0.0", "2.0"]


def test_a_hole_wider_than_a_senders_memory_is_skipped_at_once() -> None:
    buffer = DeadlineJitterBuffer(hold_s=60.0)
    packets = stream([1] * 200, proved=True)
    assert names(feed(buffer, [packets[0], packets[199]])) == ["0.0", "199.0"]


def test_a_frame_larger_than_the_buffer_is_given_up() -> None:
    buffer = DeadlineJitterBuffer(capacity=16)
    packets = stream([40, 1, 1])
    assert names(feed(buffer, packets)) == ["1.0", "2.0"]
    assert buffer.counts.incomplete == 40


def test_a_restarted_sender_is_followed() -> None:
    buffer = DeadlineJitterBuffer()
    feed(buffer, stream([1]))
    far = VideoPacket(30_000, 5, 97, True, True, b"new")
    released = buffer.add(far, 0.0)
    assert names(released.frames) == ["new"]
    assert released.ask_keyframe
    assert released.frames[0].after_hole


def test_a_sender_that_restarts_just_below_its_old_numbers_is_followed_after_a_run_of_late_packets() -> None:
    buffer = DeadlineJitterBuffer()
    feed(buffer, stream([1] * 300))
    assert len(feed(buffer, stream([1] * 100))) == 50
