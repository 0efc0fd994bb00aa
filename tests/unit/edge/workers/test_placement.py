"""Which worker takes a session, when one is spawned again, and when a session is given up."""

from __future__ import annotations

import pytest

from edge.workers.placement import MOST_MOVES, REMEMBERED_S, WAITS_S, Room, gives_up, most_room, wait_before


def room(number: int, sessions: int, *, running: bool = True) -> Room:
    return Room(number=number, running=running, sessions=sessions)


@pytest.mark.parametrize(
    ("rooms", "taken"),
    [
        ([], None),
        ([room(1, 0, running=False)], None),
        ([room(1, 3), room(2, 2), room(3, 4)], 2),
        ([room(1, 2), room(2, 2)], 1),
        ([room(1, 9), room(2, 0, running=False)], 1),
    ],
)
def test_the_worker_with_the_most_room_takes_a_session(rooms: list[Room], taken: int | None) -> None:
    assert most_room(rooms) == taken


def test_a_worker_is_spawned_at_once_and_then_ever_later() -> None:
    ends_s: list[float] = []
    waits = []
    for _ in range(len(WAITS_S) + 2):
        ends_s.append(10.0)
        waits.append(wait_before(ends_s, 10.0))
    assert tuple(waits) == (*WAITS_S, WAITS_S[-1], WAITS_S[-1])
    assert waits[0] == 0.0
    assert waits == sorted(waits)


def test_an_end_long_ago_does_not_count() -> None:
    assert wait_before([0.0, 0.0, 0.0, REMEMBERED_S + 1], REMEMBERED_S + 1) == 0.0
    assert wait_before([0.0, REMEMBERED_S], REMEMBERED_S) == WAITS_S[1]


@pytest.mark.parametrize(
    ("moves_s", "given_up"),
    [
        ([], False),
        ([1000.0] * MOST_MOVES, False),
        ([1000.0] * (MOST_MOVES + 1), True),
        ([1000.0 - REMEMBERED_S - 1] + [1000.0] * MOST_MOVES, False),
    ],
)
def test_a_session_under_which_workers_keep_ending_is_given_up(moves_s: list[float], given_up: bool) -> None:
    assert gives_up(moves_s, 1000.0) is given_up
