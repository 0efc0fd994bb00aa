"""Waiting for something that another task or program brings about, and ending what a test has begun.

What a test says of seconds is true only where nothing else keeps the machine busy: such a test counts them
with `own_seconds`, or runs `undisturbed`.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import pytest

PATIENCE_S = 90.0
"""Long, for machines that do much else; it is only waited out where a test fails."""
SHORTEST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.1
CANCEL_AGAIN_S: Final = 0.5
TRIES: Final = 4
TICK_S: Final = 0.01


async def until(holds: Callable[[], object | Awaitable[object]], what: str) -> None:
    """Return as soon as `holds()`; fail the test, saying what did not happen, when it never does."""
    asked_at = time.monotonic()
    deadline = asked_at + PATIENCE_S
    while not await _said(holds):
        answered_at = time.monotonic()
        if answered_at > deadline:
            pytest.fail(f"did not happen in {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(pause_s(answered_at - asked_at))
        asked_at = time.monotonic()


def pause_s(took_s: float) -> float:
    """How long to wait before asking again, after a question that took so long: most of the processor is for
    what is waited for."""
    return min(LONGEST_PAUSE_S, max(SHORTEST_PAUSE_S, 4 * took_s))


@asynccontextmanager
async def own_seconds() -> AsyncIterator[Callable[[], float]]:
    """How long something waits, in seconds in which this process may run: a clock that a busy machine slows
    down together with everything else, and a wait of the product does not."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1

    ticking = asyncio.create_task(tick())
    try:
        yield lambda: ticks * TICK_S
    finally:
        await cancelled(ticking)


def undisturbed(act: Callable[[], object]) -> None:
    """Run a test of what happens in so many seconds. A busy machine may be late in one try, and a fault is
    late in every one: the last try that fails is the test's."""
    for _ in range(TRIES - 1):
        with suppress(Exception):
            act()
            return
    act()


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these tasks and wait for their end."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        # A library that swallows a cancellation in one place is asked again in the next.
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def _said(holds: Callable[[], object | Awaitable[object]]) -> object:
    said = holds()
    return await said if inspect.isawaitable(said) else said
