"""A blink is left out of the gaze; eyes that stay narrow, as those that read, are not."""

from __future__ import annotations

from edge.analysis.lids import Lids

LOOK_S = 1 / 3


def shut(ratios: list[float]) -> list[int]:
    """The numbers of the looks at which the eyes were in a blink."""
    lids = Lids()
    return [number for number, ratio in enumerate(ratios) if lids.shut(number * LOOK_S, ratio)]


def test_a_moment_of_low_lids_is_a_blink() -> None:
    assert shut([0.3] * 20 + [0.2] + [0.3] * 5) == [20]


def test_lids_that_stay_low_are_no_blink_after_a_moment() -> None:
    assert shut([0.3] * 20 + [0.2] * 12) == [20, 21, 22]


def test_narrow_eyes_are_as_open_as_they_usually_are() -> None:
    assert shut([0.2] * 40) == []


def test_nothing_is_called_a_blink_before_it_is_known_what_is_usual() -> None:
    assert shut([0.3] * 9 + [0.1]) == []
