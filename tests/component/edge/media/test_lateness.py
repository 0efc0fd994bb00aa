"""The loop's lateness, measured on a loop that is really blocked."""

import asyncio
import time

from edge.fleet.health import STUCK_LOOP_S
from edge.media.lateness import PROBE_S, Lateness, loop_probe
from tests.support.eventually import until


def test_one_long_block_shows_as_the_worst_of_the_minute_though_hardly_in_its_p99() -> None:
    async def scenario() -> Lateness:
        probe = loop_probe()
        assert loop_probe() is probe
        for number in range(1_000):  # a quiet minute so far
            probe.lateness.due(-100.0 + number * PROBE_S)
            probe.lateness.came(-100.0 + number * PROBE_S + 0.001)
        probe.lateness.due(probe.loop.time() + PROBE_S)
        time.sleep(STUCK_LOOP_S + 0.2)  # noqa: ASYNC251  the block itself
        assert probe.disturbed(), "before the probe has come"
        await until(lambda: probe.lateness.worst_s > STUCK_LOOP_S, "the next probe")
        return probe.lateness

    lateness = asyncio.run(scenario())
    assert lateness.p99_s < STUCK_LOOP_S / 2


def test_every_loop_has_one_probe_of_its_own() -> None:
    async def measured() -> Lateness:
        await until(lambda: loop_probe().lateness.worst_s > 0, "a probe")
        return loop_probe().lateness

    assert asyncio.run(measured()) is not asyncio.run(measured())
