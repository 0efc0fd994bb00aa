"""Under overload no session gets less than its share, whatever its calls cost and however many it makes."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from edge.analysis.turns import Ticket, Turns

LIMIT = 10_000
COSTS_S = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=5)
"""What a session's calls cost in turn; one task each, so that a cost can be known in advance."""


@settings(deadline=None)
@given(
    sessions=st.lists(st.tuples(COSTS_S, st.integers(1, 8)), min_size=2, max_size=6),
    threads=st.integers(1, 3),
    late=st.booleans(),
)
def test_who_always_waits_gets_its_share(
    sessions: list[tuple[list[float], int]], threads: int, late: bool
) -> None:
    """Every session always has some calls waiting; the last one may come when the others were served."""
    turns, number = Turns[float](LIMIT), 0
    served_s = dict.fromkeys(range(len(sessions)), 0.0)

    def ask(session: int) -> None:
        nonlocal number
        costs_s, _ = sessions[session]
        place = number % len(costs_s)
        number += 1
        turns.add(Ticket(f"{session}.{place}", session, float(number), costs_s[place]))

    def go_on(rounds: int) -> None:
        running: list[tuple[float, Ticket[float], float]] = []
        now_s = 0.0
        for _ in range(rounds):
            while len(running) < threads and (ticket := turns.take()) is not None:
                running.append((now_s + ticket.call, ticket, turns.begin(ticket)))
                assert isinstance(ticket.session, int)
                ask(ticket.session)
            running.sort(key=lambda one: one[0])
            now_s, ticket, expected_s = running.pop(0)
            turns.end(ticket, expected_s, ticket.call)
            served_s[ticket.session] += ticket.call  # type: ignore[index]
        for _, ticket, expected_s in running:
            turns.end(ticket, expected_s, ticket.call)
            served_s[ticket.session] += ticket.call  # type: ignore[index]

    first = range(len(sessions) - 1 if late else len(sessions))
    for session in first:
        for _ in range(sessions[session][1]):
            ask(session)
    if late:
        go_on(60)
        for _ in range(sessions[-1][1]):
            ask(len(sessions) - 1)
    before_s = dict(served_s)
    go_on(300)
    gained_s = {session: served_s[session] - before_s[session] for session in served_s}
    dearest_s = max(max(costs_s) for costs_s, _ in sessions)
    share_s = sum(gained_s.values()) / len(sessions)
    # Nobody can be interrupted: those that run, and the first of each task, whose cost is not known yet.
    assert min(gained_s.values()) >= share_s - (threads + 6) * dearest_s
