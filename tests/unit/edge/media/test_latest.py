from __future__ import annotations

import random

import pytest

from edge.media.latest import Latest


def test_the_newest_item_wins_and_the_drop_is_counted() -> None:
    box: Latest[str] = Latest()
    box.put("old")
    box.put("new")
    assert box.take() == "new"
    assert box.take() is None
    assert (box.received, box.dropped) == (2, 1)


@pytest.mark.parametrize("depth", [1, 3])
def test_every_item_received_is_taken_dropped_cleared_or_still_here(depth: int) -> None:
    chance, box, taken = random.Random(depth), Latest[int](depth), 0
    for number in range(500):
        match chance.randrange(6):
            case 0:
                taken += box.take() is not None
            case 1 if number % 7 == 0:
                box.clear()
            case _:
                box.put(number)
        assert box.received == taken + box.dropped + box.cleared + box.waiting
    assert min(taken, box.dropped, box.cleared) > 0
