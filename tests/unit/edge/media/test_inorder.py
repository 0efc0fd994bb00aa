from __future__ import annotations

from edge.media.inorder import InOrderAudioBuffer
from tests.support.audio_packets import feed


def test_packets_in_order_pass_at_once() -> None:
    assert feed(InOrderAudioBuffer(), [(n, n * 0.02) for n in range(10)]) == [(n, 0) for n in range(10)]


def test_a_swapped_pair_is_put_right() -> None:
    assert feed(InOrderAudioBuffer(), [(0, 0.0), (2, 0.02), (1, 0.03)]) == [(0, 0), (1, 0), (2, 0)]


def test_a_hole_waits_sixty_milliseconds_then_is_marked_as_lost() -> None:
    buffer = InOrderAudioBuffer()
    assert feed(buffer, [(0, 0.0), (3, 0.06), (4, 0.08), (5, 0.10)]) == [(0, 0)]
    assert feed(buffer, [(6, 0.12)]) == [(3, 2), (4, 0), (5, 0), (6, 0)]
    assert buffer.counts.lost == 2


def test_a_late_packet_is_counted_and_never_comes_out() -> None:
    buffer = InOrderAudioBuffer()
    assert feed(buffer, [(0, 0.0), (2, 0.02), (3, 0.09), (1, 0.1), (4, 0.1)]) == [
        (0, 0),
        (2, 1),
        (3, 0),
        (4, 0),
    ]
    assert buffer.counts.late == 1


def test_losing_three_packets_in_a_hundred_costs_three() -> None:
    lost = {10, 50, 51}
    buffer = InOrderAudioBuffer()
    out = feed(buffer, [(n, n * 0.02) for n in range(100) if n not in lost])
    assert [number for number, _ in out] == [n for n in range(100) if n not in lost]
    assert buffer.counts.lost == 3


def test_a_restarted_sender_is_followed() -> None:
    buffer = InOrderAudioBuffer()
    feed(buffer, [(0, 0.0)])
    assert feed(buffer, [(20_000, 0.1), (20_001, 0.12)]) == [(20_000, 0), (20_001, 0)]
    assert buffer.counts.restarts == 1
