"""The loop's lateness, measured on a loop that is really blocked."""

import asyncio
import time
from contextlib import suppress

from edge.fleet.health import STUCK_LOOP_S
from edge.workers.lag import LoopLag
from tests.support.eventually import until


def test_one_long_block_shows_as_the_worst_of_the_minute_though_hardly_in_its_p99() -> None:
    async def scenario() -> LoopLag:
        lag = LoopLag()
        lag._late_s.extend([0.001] * 1_000)  # a quiet minute so far
        measuring = asyncio.create_task(lag.run())
        await until(lambda: len(lag._late_s) > 1_000, "a measurement")
        time.sleep(STUCK_LOOP_S + 0.2)  # noqa: ASYNC251  the block itself
        blocked = len(lag._late_s)
        await until(lambda: len(lag._late_s) > blocked, "the next measurement")
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring
        return lag

    lag = asyncio.run(scenario())
    assert lag.worst_s > STUCK_LOOP_S
    assert lag.p99_s < STUCK_LOOP_S / 2
