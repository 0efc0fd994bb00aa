"""Which waiting call has the next turn, and which one a full queue loses."""

from __future__ import annotations

from edge.analysis.turns import REMEMBERED, Ticket, Turns


def waiting(*calls: tuple[str, str], limit: int = 64) -> Turns[int]:
    """Calls of (session, task), numbered and queued in this order."""
    turns = Turns[int](limit)
    for number, (session, task) in enumerate(calls):
        turns.add(Ticket(task, session, float(number), number))
    return turns


def serve(turns: Turns[int], run_s: float = 1.0) -> int | None:
    """The next call; it runs for `run_s`."""
    ticket = turns.take()
    if ticket is None:
        return None
    turns.end(ticket, turns.begin(ticket), run_s)
    return ticket.call


def order(turns: Turns[int]) -> list[int]:
    served: list[int] = []
    while (number := serve(turns)) is not None:
        served.append(number)
    return served


def test_calls_of_one_session_go_in_their_order() -> None:
    assert order(waiting(("a", "faces"), ("a", "body"), ("a", "faces"))) == [0, 1, 2]


def test_a_session_with_many_calls_does_not_go_before_one_with_few() -> None:
    assert order(waiting(*[("a", "faces")] * 4, ("b", "faces"), ("b", "body"))) == [0, 4, 1, 5, 2, 3]


def test_who_used_more_waits_longer() -> None:
    turns = waiting(("a", "body"), *[("b", "faces")] * 4, ("a", "body"))
    assert serve(turns, 3.0) == 0
    assert [serve(turns, 1.0) for _ in range(5)] == [1, 2, 3, 4, 5]


def test_calls_that_run_at_the_same_time_are_charged_from_their_beginning() -> None:
    turns = waiting(("a", "faces"), ("a", "faces"), ("b", "faces"), ("a", "faces"), ("b", "faces"))
    assert [serve(turns), serve(turns)] == [0, 2]
    first, second = turns.take(), None
    assert first is not None
    turns.begin(first)
    second = turns.take()
    assert (first.call, second and second.call) == (1, 4)


def test_a_pause_gives_no_claim_to_the_time_that_others_used() -> None:
    turns = waiting(("late", "faces"), *[("busy", "faces")] * 8)
    for _ in range(7):
        serve(turns)
    for number in (20, 21, 22):
        turns.add(Ticket("faces", "late", float(number), number))
    assert order(turns) == [20, 7, 21, 8, 22]


def test_a_new_session_begins_like_the_others() -> None:
    turns = waiting(*[("a", "faces")] * 6)
    for _ in range(3):
        serve(turns)
    turns.add(Ticket("faces", "new", 10.0, 10))
    turns.add(Ticket("faces", "new", 11.0, 11))
    assert order(turns) == [10, 3, 11, 4, 5]


def test_a_full_queue_loses_the_oldest_call_of_who_has_most_in_it() -> None:
    turns = waiting(("b", "faces"), ("a", "faces"), ("a", "faces"), ("a", "body"), limit=3)
    dropped = turns.add(Ticket("faces", "b", 9.0, 9))
    assert dropped is not None
    assert dropped.call == 1
    assert (turns.depth("faces"), turns.depth("body")) == (3, 1)
    assert sorted(order(turns)) == [0, 2, 3, 9]
    assert turns.take() is None


def test_all_calls_can_be_taken_out() -> None:
    turns = waiting(("a", "faces"), ("b", "body"))
    assert [ticket.call for ticket in turns.clear()] == [0, 1]
    assert (turns.depth("faces"), turns.take()) == (0, None)


def test_sessions_that_are_gone_are_forgotten() -> None:
    turns = Turns[int](4)
    for number in range(REMEMBERED * 4):
        turns.add(Ticket("faces", number, float(number), number))
        serve(turns, 0.0)
    assert len(turns._used_s) <= REMEMBERED + 2
