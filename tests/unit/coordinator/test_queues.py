"""What concerns one thing is done one after another, and nothing else waits for it."""

from __future__ import annotations

import asyncio
import gc
from uuid import UUID

import pytest

from coordinator.ground.queues import Queues

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_they_come_one_after_another_in_the_order_in_which_they_asked() -> None:
    async def story() -> list[str]:
        queues, done = Queues(), list[str]()

        async def act(name: str) -> None:
            async with queues.turn(ONE):
                done.append(f"{name} begins")
                await asyncio.sleep(0)
                done.append(f"{name} ends")

        async with queues.turn(ONE):
            others = [asyncio.create_task(act(name)) for name in "ab"]
            await asyncio.sleep(0)
            async with queues.turn(OTHER):
                done.append("another thing")
        await asyncio.gather(*others)
        return done

    assert asyncio.run(story()) == ["another thing", "a begins", "a ends", "b begins", "b ends"]


def test_a_failure_or_a_cancelled_wait_lets_the_next_one_go_on_and_nothing_is_kept() -> None:
    async def story() -> int:
        queues = Queues()

        async def wait() -> None:
            async with queues.turn(ONE):
                pass

        others: list[asyncio.Task[None]] = []

        async def fail() -> None:
            async with queues.turn(ONE):
                others.extend(asyncio.create_task(wait()) for _ in range(2))
                await asyncio.sleep(0)
                others[0].cancel()
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        await asyncio.wait(others)
        assert [one.cancelled() for one in others] == [True, False]
        others.clear()
        gc.collect()
        return len(queues._locks)

    assert asyncio.run(story()) == 0
