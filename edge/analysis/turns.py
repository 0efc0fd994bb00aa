"""Decides which waiting call runs next, so that no session gets less than its share. Pure.

Every session has used some time of the networks. The one that used least has the next turn, with its oldest
call. A session that comes, or comes back after a pause, begins where the least served of those who wait is:
time that it did not use while nobody was kept waiting is not owed to it.

Each task's queue is bounded. Where one is full, the session with most calls in it loses its oldest there: the
newest picture matters most, and nobody loses a call because another floods the queue.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

REMEMBERED: Final = 256
"""With more sessions than this, those that are owed nothing are forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket(Generic[T]):
    """One waiting call."""

    task: str
    session: Hashable
    """Whose call it is."""
    queued_s: float
    call: T


class Turns(Generic[T]):
    """The calls that wait for a network."""

    def __init__(self, limit: int) -> None:
        """`limit`: the most calls that wait per task."""
        self._limit = limit
        self._waiting: dict[Hashable, deque[Ticket[T]]] = {}
        """By session, the oldest first; only sessions that wait."""
        self._depth: Counter[str] = Counter()
        self._used_s: dict[Hashable, float] = {}
        self._expected_s: dict[str, float] = {}
        """How long the last call of a task ran."""
        self._floor_s = 0.0
        """What the least served session had used when it last had a turn."""

    def depth(self, task: str) -> int:
        """How many calls of a task wait."""
        return self._depth[task]

    def add(self, ticket: Ticket[T]) -> Ticket[T] | None:
        """Queue a call. Returns the one that is dropped for it, if its task's queue is full."""
        dropped = self._drop(ticket.task) if self._depth[ticket.task] >= self._limit else None
        if ticket.session not in self._waiting:
            self._forget()
            self._waiting[ticket.session] = deque()
            self._used_s[ticket.session] = max(self._used_s.get(ticket.session, 0.0), self._floor_s)
        self._waiting[ticket.session].append(ticket)
        self._depth[ticket.task] += 1
        return dropped

    def take(self) -> Ticket[T] | None:
        """The call whose turn it is."""
        if not self._waiting:
            return None
        session = min(self._waiting, key=lambda one: (self._used_s[one], self._waiting[one][0].queued_s))
        self._floor_s = max(self._floor_s, self._used_s[session])
        return self._remove(self._waiting[session][0])

    def begin(self, ticket: Ticket[T]) -> float:
        """Note that a taken call begins to run. Returns the time that it is expected to use."""
        expected_s = self._expected_s.get(ticket.task, 0.0)
        self._used_s[ticket.session] = self._used_s.get(ticket.session, self._floor_s) + expected_s
        return expected_s

    def end(self, ticket: Ticket[T], expected_s: float, run_s: float) -> None:
        """Note how long a call ran that was expected to use `expected_s`."""
        self._expected_s[ticket.task] = run_s
        used_s = self._used_s.get(ticket.session, self._floor_s)
        self._used_s[ticket.session] = used_s + run_s - expected_s

    def clear(self) -> list[Ticket[T]]:
        """Take all calls out."""
        return [self._remove(ticket) for queue in list(self._waiting.values()) for ticket in list(queue)]

    def _drop(self, task: str) -> Ticket[T]:
        """The oldest call of the session with most calls in a task's queue."""
        own = {
            session: [one for one in queue if one.task == task] for session, queue in self._waiting.items()
        }
        fullest = max(own.values(), key=lambda calls: (len(calls), -calls[0].queued_s if calls else 0.0))
        return self._remove(fullest[0])

    def _remove(self, ticket: Ticket[T]) -> Ticket[T]:
        queue = self._waiting[ticket.session]
        queue.remove(ticket)
        self._depth[ticket.task] -= 1
        if not queue:
            del self._waiting[ticket.session]
        return ticket

    def _forget(self) -> None:
        if len(self._used_s) > REMEMBERED:
            self._used_s = {
                one: used_s
                for one, used_s in self._used_s.items()
                if one in self._waiting or used_s > self._floor_s
            }
