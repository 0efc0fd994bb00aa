"""Open walls: what they hear of, and how many there may be."""

from __future__ import annotations

from uuid import uuid4

import pytest

from coordinator.live.walls import MAX_WALLS_PER_BEARER, Wall, Walls
from shared.errors import Unavailable
from tests.support.alerts import SESSION, alert


def test_a_wall_hears_of_the_last_raised_alert_of_each_session_it_shows() -> None:
    walls, mine, other = Walls(), Wall("ann"), Wall("bob")
    mine.shown, other.shown = frozenset({SESSION}), frozenset({uuid4()})
    walls.hang(mine)
    walls.hang(other)
    first, second = alert(SESSION, 1.0), alert(SESSION, 2.0)
    for one, revision in ((first, 1), (second, 1), (first, 2)):
        walls.tell(SESSION, one, revision)
    assert (mine.news, other.news) == ({SESSION: second}, {})
    walls.take_down(mine)
    walls.tell(SESSION, first, 1)
    assert mine.news == {SESSION: second}


def test_one_bearer_has_so_many_walls_and_gets_a_place_back() -> None:
    walls = Walls()
    mine = [Wall("ann") for _ in range(MAX_WALLS_PER_BEARER)]
    for one in mine:
        walls.hang(one)
    with pytest.raises(Unavailable):
        walls.hang(Wall("ann"))
    walls.hang(Wall("bob"))
    walls.take_down(mine[0])
    walls.hang(Wall("ann"))
    assert len(walls) == MAX_WALLS_PER_BEARER + 1
