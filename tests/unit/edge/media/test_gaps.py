"""Holes in a recording's times make pictures suspect until the next keyframe, and uneven times do not."""

from __future__ import annotations

import pytest

from edge.media.gaps import Gaps

FPS = 15


def judged(numbers: list[int], keyframes: set[int], fps: float = FPS) -> dict[int, bool]:
    gaps = Gaps()
    return {n: gaps.damaged(round(n / fps, 3), keyframe=n in keyframes) for n in numbers}


def test_after_a_missing_picture_all_are_damaged_until_the_next_keyframe() -> None:
    found = judged([n for n in range(90) if n != 40], {0, 30, 60})
    assert [n for n, damaged in found.items() if damaged] == list(range(41, 60))


def test_a_whole_recording_has_no_damage_at_any_frame_rate() -> None:
    for fps in (5, 12.5, 15, 24, 25, 29.97, 30, 60):
        assert not any(judged(list(range(300)), {0}, fps).values())


def test_one_picture_in_ten_missing_is_still_seen_every_time() -> None:
    numbers = [n for n in range(300) if n % 10 != 7]
    found = judged(numbers, set(range(0, 300, 10)))
    damaged = [n for n in numbers if found[n]]
    assert damaged == [n for n in numbers if n % 10 > 7]


def test_a_keyframe_after_a_hole_is_whole() -> None:
    assert not any(judged([*range(30), *range(45, 90)], {0, 45}).values())


def test_a_recording_that_begins_without_a_keyframe_is_damaged_up_to_its_first() -> None:
    found = judged(list(range(20)), {12})
    assert [n for n, damaged in found.items() if damaged] == list(range(12))


def test_what_the_decoder_complains_of_lasts_until_the_next_keyframe() -> None:
    gaps = Gaps()
    assert not gaps.damaged(0.0, keyframe=True)
    gaps.lost()
    assert gaps.damaged(0.1, keyframe=False)
    assert not gaps.damaged(0.2, keyframe=True)


@pytest.mark.parametrize("pattern_ms", [(20, 50, 90, 30, 130), (33, 100, 66, 40)])
def test_pictures_taken_when_they_come_are_not_suspected(pattern_ms: tuple[int, ...]) -> None:
    gaps, at_s, damaged = Gaps(), 0.0, []
    for number in range(200):
        damaged.append(gaps.damaged(at_s, keyframe=number == 0))
        at_s += pattern_ms[number % len(pattern_ms)] / 1000
    assert not any(damaged)
