"""A timer on a real loop: a deadline may move while it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from edge.sessions.timer import Timer
from tests.support.eventually import cancelled, until

WAIT_S = 0.1


@dataclass
class Watched:
    """A deadline, and how late each tick was."""

    clock: Callable[[], float]
    due_s: float | None = None
    late_s: list[float] = field(default_factory=list)

    def tick(self, late_s: float) -> None:
        self.late_s.append(late_s)
        self.due_s = None


@pytest.mark.parametrize("further_s", [None, 60.0])
def test_a_deadline_that_is_taken_back_or_put_off_is_not_reached(further_s: float | None) -> None:
    async def story() -> None:
        clock = asyncio.get_running_loop().time
        watched = Watched(clock, clock() + WAIT_S)
        timer = Timer(lambda: watched.due_s, watched.tick, clock)
        running = asyncio.create_task(timer.run())
        await asyncio.sleep(0)  # it waits now
        watched.due_s = None if further_s is None else clock() + further_s
        await asyncio.sleep(3 * WAIT_S)
        assert watched.late_s == []
        watched.due_s = clock()
        timer.moved()
        await until(lambda: len(watched.late_s) == 1, "the tick of the next deadline")
        await cancelled(running)

    asyncio.run(story())
