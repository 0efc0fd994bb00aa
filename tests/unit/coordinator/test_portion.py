"""How much of a backlog is stored at once: as much as fits into a step, on any machine."""

from __future__ import annotations

import pytest

from coordinator.arriving.portion import LEAST, MOST, STEP_S, Portion


def settled(one_s: float, each_s: float) -> Portion:
    """The portion of a long backlog: a transaction takes `one_s`, and `each_s` for each message."""
    portion = Portion()
    for _ in range(30):
        portion = portion.after(portion.size, one_s + portion.size * each_s)
    return portion


@pytest.mark.parametrize(
    ("one_s", "each_s", "size"),
    [
        (0.0, 0.0, MOST),
        (0.002, 0.0005, MOST),
        (0.01, 0.001, 40),
        (0.0, STEP_S / 50, 50),
        (0.0, STEP_S, LEAST),
        (2 * STEP_S, 0.0, LEAST),
    ],
)
def test_a_portion_takes_a_step_within_the_bounds(one_s: float, each_s: float, size: int) -> None:
    assert settled(one_s, each_s).size == pytest.approx(size, abs=1)


def test_one_slow_portion_halves_the_next_and_quick_ones_bring_it_back() -> None:
    slow = Portion(MOST).after(MOST, 30.0)
    assert slow == Portion(MOST // 2)
    assert slow.after(slow.size, 0.001) == Portion(MOST)


def test_a_few_messages_change_nothing_unless_they_were_slow() -> None:
    assert Portion(64).after(1, 0.04) == Portion(64)
    assert Portion(64).after(1, 0.001) == Portion(64)
    assert Portion(64).after(63, STEP_S) == Portion(64)
    assert Portion(64).after(60, 2 * STEP_S) == Portion(32)


def test_a_portion_is_never_beyond_its_bounds() -> None:
    assert Portion(LEAST).after(LEAST, 10.0) == Portion(LEAST)
    assert Portion(MOST).after(MOST, 0.0) == Portion(MOST)
