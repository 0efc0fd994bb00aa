"""Audio in order, once and bounded, whatever the network does."""

from __future__ import annotations

import itertools

from hypothesis import given, settings, strategies as st

from edge.media.inorder import InOrderAudioBuffer
from tests.support.audio_packets import feed


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
