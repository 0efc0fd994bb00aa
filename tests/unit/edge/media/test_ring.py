from __future__ import annotations

import pytest

from edge.media.encoded import Encoded
from edge.media.ring import FrameGone, Ring


def frame(index: int, at: float, keyframe: bool = False, size_bytes: int = 10) -> Encoded:
    return Encoded(index, index * 6_000, at, keyframe, False, "VP8", bytes(size_bytes))


def fill(ring: Ring, count: int, keyframe_every: int) -> None:
    for n in range(count):
        ring.add(frame(n, at=n * 0.1, keyframe=n % keyframe_every == 0))


def test_a_frame_comes_with_all_it_needs_from_its_keyframe_on() -> None:
    ring = Ring()
    fill(ring, 30, keyframe_every=10)
    assert [part.index for part in ring.chain(23)] == [20, 21, 22, 23]


def test_the_last_five_seconds_are_there_and_older_groups_are_gone() -> None:
    ring = Ring(keep_s=5.0)
    fill(ring, 100, keyframe_every=10)
    assert ring.chain(50)[-1].index == 50
    with pytest.raises(FrameGone):
        ring.chain(35)
    assert ring.size_bytes <= 70 * 10


def test_a_rare_keyframe_is_kept_as_long_as_its_frames_are_needed() -> None:
    ring = Ring(keep_s=5.0)
    fill(ring, 100, keyframe_every=1_000)
    assert len(ring.chain(99)) == 100


def test_above_the_cap_the_oldest_groups_go_whole() -> None:
    ring = Ring(keep_s=1_000.0, cap_bytes=250)
    fill(ring, 40, keyframe_every=10)
    assert ring.size_bytes <= 250
    assert [part.index for part in ring.chain(31)] == [30, 31]
    with pytest.raises(FrameGone):
        ring.chain(15)


def test_one_endless_group_above_the_cap_is_dropped_until_the_next_keyframe() -> None:
    ring = Ring(cap_bytes=95)
    fill(ring, 12, keyframe_every=1_000)
    with pytest.raises(FrameGone):
        ring.chain(11)
    ring.add(frame(12, 1.2, keyframe=True))
    assert [part.index for part in ring.chain(12)] == [12]


def test_frames_before_the_first_keyframe_are_not_kept() -> None:
    ring = Ring()
    ring.add(frame(1, 0.0))
    assert ring.size_bytes == 0
