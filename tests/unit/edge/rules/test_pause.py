"""A pause: what is open ends, what was learned stays, and its time counts for nobody and against nobody."""

from __future__ import annotations

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, TWO, check, every, frame, lines

ABSENT = frame(0, faces=())
HONEST = frame(0, faces=ONE, identity=check(0.86))
OTHER = frame(0, faces=ONE, identity=check(0.4))
LONG_S = 600.0


def played(
    before: list[Observation], after: list[Observation], *, pauses: int = 1
) -> list[tuple[str, str, float]]:
    """What is found with a pause of `LONG_S` between two stretches, or several after one another."""
    monitor = Monitor(monitor_settings(Policy()))
    found: list[Finding] = []
    for one in before:
        found += monitor.observe(one)
    for _ in range(pauses):
        found += monitor.finish(before[-1].at)
        monitor.resume(after[0].at - 0.2)
    for one in after:
        found += monitor.tick(one.at) + monitor.observe(one)
    return [each for each in lines(found) if each[0] != EventType.CALIBRATED]


@pytest.mark.parametrize("pauses", [1, 2])
def test_a_wait_goes_on_where_it_was(pauses: int) -> None:
    after = every(LONG_S, LONG_S + 4, ABSENT)
    [raised] = played(every(0, 3.2, ABSENT), after, pauses=pauses)
    assert raised[:2] == ("FACE_NOT_FOUND", "raised")
    # Of the five seconds three had passed; the twin shows that without them two are not enough.
    assert played(every(0, 3.2, HONEST), every(LONG_S, LONG_S + 2.2, ABSENT)) == []


def test_what_is_open_ends_and_is_told_again_only_by_a_wait_of_its_own() -> None:
    found = played(every(0, 8, TWO_FACES), every(LONG_S, LONG_S + 2, TWO_FACES))
    assert [line[1] for line in found] == ["raised", "cleared"]
    found = played(every(0, 8, TWO_FACES), every(LONG_S, LONG_S + 6, TWO_FACES))
    assert [line[1] for line in found] == ["raised", "cleared", "raised"]


TWO_FACES = frame(0, faces=TWO)


def test_a_pause_is_no_stall_and_no_absence() -> None:
    assert played(every(0, 40, HONEST), every(LONG_S, LONG_S + 40, HONEST)) == []


def test_mismatches_on_both_sides_count_together_and_the_pause_does_not() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    for one in every(0, 3, OTHER, rate_hz=1):
        assert monitor.observe(one) == []
    monitor.finish(2.0)
    monitor.resume(LONG_S - 1)
    [mismatch] = monitor.observe(every(LONG_S, LONG_S + 1, OTHER, rate_hz=1)[0])
    assert (mismatch.event, mismatch.onset_s) == (EventType.FACE_MISMATCH, 0.0)
    assert mismatch.evidence["duration_seconds"] == 3.0


def test_what_was_calibrated_stays() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    before = [each for one in every(0, 40, HONEST) for each in monitor.observe(one)]
    monitor.finish(40.0)
    monitor.resume(LONG_S)
    after = [each for one in every(LONG_S, LONG_S + 40, HONEST) for each in monitor.observe(one)]
    assert [each.event for each in before] == [EventType.CALIBRATED]
    assert after == []
