"""Frames whole, in order, once and bounded, whatever the network does."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from edge.media.jitter import DeadlineJitterBuffer
from tests.support.video_packets import names, stream


@settings(max_examples=50)
@given(st.data())
def test_whatever_the_network_does_frames_are_whole_in_order_once_and_bounded(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=60))
    packets = stream(sizes, proved=data.draw(st.booleans()))
    delays = data.draw(st.lists(st.integers(0, 12), min_size=len(packets), max_size=len(packets)))
    copies = data.draw(
        st.lists(st.sampled_from([0, 1, 1, 1, 1, 2]), min_size=len(packets), max_size=len(packets))
    )
    arrivals = sorted(
        (place + delay + copy, packet.sequence, place)
        for place, (packet, delay, copied) in enumerate(zip(packets, delays, copies, strict=True))
        for copy in range(copied)
    )
    buffer = DeadlineJitterBuffer(hold_s=0.25, capacity=16)
    seen: list[str] = []
    for at, _, place in arrivals:
        seen += names(buffer.add(packets[place], at * 0.02).frames)
        assert buffer.held <= 16
    whole = [" ".join(f"{frame}.{part}" for part in range(size)) for frame, size in enumerate(sizes)]
    order = [whole.index(name) if name in whole else int(name.split(".")[0]) for name in seen]
    assert order == sorted(set(order)), "out of order or twice"
    if place_of_first_loss(copies) is None and not any(delays):
        assert seen == whole
    for name in seen[1:]:
        assert name in whole, "only the very first frame may begin in the middle"


def place_of_first_loss(copies: list[int]) -> int | None:
    return next((place for place, copied in enumerate(copies) if copied == 0), None)
