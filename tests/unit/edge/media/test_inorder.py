from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.media.inorder import AudioPacket, InOrderAudioBuffer, OrderedAudio


def packet(number: int) -> AudioPacket:
    return AudioPacket((65_533 + number) % 65_536, number * 960, 96, b"%d" % number)


def feed(buffer: InOrderAudioBuffer, arrivals: Iterable[tuple[int, float]]) -> list[tuple[int, int]]:
    return [shown(item) for number, at in arrivals for item in buffer.add(packet(number), at)]


def shown(item: OrderedAudio) -> tuple[int, int]:
    return int(item.packet.data), item.lost_before


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


@settings(max_examples=50)
@given(st.data())
def test_whatever_the_network_does_audio_is_in_order_once_and_bounded(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 120))
    delays = data.draw(st.lists(st.integers(0, 10), min_size=count, max_size=count))
    lost = data.draw(st.sets(st.integers(0, count - 1)))
    buffer = InOrderAudioBuffer(capacity=8)
    seen: list[tuple[int, int]] = []
    for at, number in sorted((n + delays[n], n) for n in range(count) if n not in lost):
        seen += feed(buffer, [(number, at * 0.02)])
        assert buffer.held <= 8
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))
    assert [lost_before for _, lost_before in seen[1:]] == [b - a - 1 for a, b in itertools.pairwise(numbers)]
