"""A busy node does not read its own delays as a congested network, and still sees a congested one."""

from __future__ import annotations

import asyncio

from aiortc import rtcrtpreceiver
from aiortc.rate import RemoteBitrateEstimator

from edge.media import seams
from edge.media.lateness import Lateness, loop_probe
from edge.media.seams import EstimatorSeam

PACKET_BYTES, EVERY_MS = 1_000, 20
"""400 kbit/s."""


def abs_send_time(sent_ms: float) -> int:
    return int(sent_ms / 1_000 * (1 << 18)) & 0xFFFFFF


def busy_ms(arrives_ms: float) -> float:
    """When a loop handles what arrives: it works for the first 100 to 700 ms of every second."""
    begins_ms = arrives_ms // 1_000 * 1_000
    return max(arrives_ms, begins_ms + 100 + begins_ms // 1_000 % 5 * 150)


def rates_told(
    estimator: RemoteBitrateEstimator | EstimatorSeam, clock: list[float], busy: bool
) -> list[int]:
    told = []
    for number in range(3_000):
        sent_ms = number * EVERY_MS + 0.0
        clock[0] = busy_ms(sent_ms + 40) if busy else sent_ms + 40
        answer = estimator.add(int(clock[0]), abs_send_time(sent_ms), PACKET_BYTES, 1)
        told += [] if answer is None else [answer[0]]
    return told


def test_a_loop_that_stands_still_makes_stock_aiortc_ask_for_less_and_this_one_for_nothing() -> None:
    clock, lateness = [0.0], Lateness()
    assert min(rates_told(RemoteBitrateEstimator(), clock, busy=True)) < 200_000

    def disturbed() -> bool:
        lateness.due(clock[0] // 1_000)  # a probe that came before the loop stood still
        return lateness.disturbed(clock[0] / 1_000)

    estimator = EstimatorSeam(disturbed)
    assert rates_told(estimator, clock, busy=True) == []
    assert min(rates_told(EstimatorSeam(lambda: False), clock, busy=False)) >= 380_000


def test_a_congested_network_is_still_seen_also_after_an_interruption() -> None:
    for interrupted in (False, True):
        late = [interrupted]
        estimator = EstimatorSeam(lambda late=late: late[0])  # type: ignore[misc]
        told: list[int] = []
        for number in range(2_000):
            late[0] = interrupted and 300 < number < 400
            sent_ms = number * EVERY_MS
            queued_ms = max(0, number - 500) * 10  # two thirds of what is sent goes through
            answer = estimator.add(int(sent_ms + 40 + queued_ms), abs_send_time(sent_ms), PACKET_BYTES, 1)
            told += [] if answer is None else [answer[0]]
        assert min(told) < 300_000


def test_a_receiver_has_this_estimator_with_the_probe_of_its_loop() -> None:
    async def scene() -> None:
        seams.install()
        assert vars(rtcrtpreceiver)["RemoteBitrateEstimator"] is EstimatorSeam
        probe = loop_probe()
        assert loop_probe() is probe
        assert probe.loop is asyncio.get_running_loop()

    asyncio.run(scene())
    asyncio.run(scene())
