"""A stall is judged by when frames arrive; media that lies behind and a node that is late make no storm."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, arrival, frame

STALL, OFFLINE = EventType.STREAM_STALLED, EventType.CANDIDATE_OFFLINE
Timed = tuple[float, Observation]
"""An observation and when it arrives."""


def monitor() -> Monitor:
    return Monitor(monitor_settings(Policy()))


def live(subject: Monitor, arriving: Iterable[Timed], until_s: float | None = None) -> list[Finding]:
    """What a live session is told: every deadline is kept, in time."""
    findings: list[Finding] = []
    steps: list[tuple[float, Observation | None]] = [*arriving]
    if until_s is not None:
        steps.append((until_s, None))
    for now, observation in steps:
        while (deadline_s := subject.deadline()) is not None and deadline_s <= now:
            findings += subject.tick(deadline_s)
        if observation is not None:
            findings += subject.observe(observation, now)
    return findings


def stalls(findings: list[Finding]) -> list[tuple[str, float]]:
    return [(each.phase.value, round(each.at_s, 3)) for each in findings if each.event is STALL]


def stream(start_s: float, end_s: float, behind_s: float) -> list[Timed]:
    """Frames of 15 per second, each arriving so long after it was taken."""
    taken = [number / 15 for number in range(round(start_s * 15), round(end_s * 15))]
    return [(at + behind_s, arrival(at)) for at in taken]


@pytest.mark.parametrize("behind_s", [3.2, 4.0, 4.9])
def test_media_that_lies_behind_its_best_latency_is_at_most_one_stall(behind_s: float) -> None:
    found = live(monitor(), [*stream(0, 10, 0.1), *stream(10, 70, behind_s)])
    assert [phase for phase, _ in stalls(found)] == ["raised", "cleared"]
    assert all(each.raised_s <= each.at_s for each in found)
    assert all(float(str(each.evidence["duration_seconds"])) >= 3.0 for each in found if each.event is STALL)


def test_a_node_that_stood_still_gives_waiting_frames_time_to_come() -> None:
    subject = monitor()
    live(subject, stream(0, 10, 0.0))
    assert subject.tick(15.0, late_s=4.1) == []
    waited = subject.deadline()
    assert waited == pytest.approx(18.0)
    backlog = [(15.0 + number / 300, arrival(10 + number / 15)) for number in range(75)]
    assert stalls(live(subject, [*backlog, *stream(15.2, 30, 0.1)])) == []


def test_a_stall_that_began_while_the_node_stood_still_is_told_once_it_is_on_time() -> None:
    subject = monitor()
    live(subject, stream(0, 10, 0.0))
    subject.tick(15.0, late_s=4.1)
    found = live(subject, [], until_s=30.0)
    assert [each.event for each in found] == [STALL, OFFLINE]
    assert found[0].onset_s == pytest.approx(10 - 1 / 15)
    assert found[0].at_s == pytest.approx(18.0)
    assert found[1].at_s == pytest.approx(10 - 1 / 15 + 10)


def test_the_nodes_own_lateness_is_told_as_limited_analysis_with_the_lag() -> None:
    subject = monitor()
    looks = [(number / 5, frame(number / 5, faces=ONE)) for number in range(50)]
    live(subject, looks)
    subject.tick(14.0, late_s=3.6)
    after = [(14 + number / 5, frame(14 + number / 5, faces=ONE)) for number in range(100)]
    found = [each for each in live(subject, after) if each.event is EventType.ANALYSIS_DEGRADED]
    assert [each.phase for each in found] == ["raised", "cleared"]
    assert found[0].evidence["node_late_seconds"] == 3.6
    assert found[0].evidence["limits"] == ["the node was 3.6 s late"]
    assert found[0].onset_s == pytest.approx(10.4)


def test_a_moment_of_lateness_is_nothing_to_tell() -> None:
    subject = monitor()
    looks = [(number / 5, frame(number / 5, faces=ONE)) for number in range(50)]
    live(subject, looks)
    subject.tick(11.0, late_s=0.8)
    after = [(11 + number / 5, frame(11 + number / 5, faces=ONE)) for number in range(100)]
    assert EventType.ANALYSIS_DEGRADED not in {each.event for each in live(subject, after)}


def test_a_second_stall_after_the_first_is_one_of_its_own() -> None:
    found = live(monitor(), [*stream(0, 5, 0), *stream(9, 14, 0), *stream(18, 23, 0)])
    assert [phase for phase, _ in stalls(found)] == ["raised", "cleared"] * 2
    assert len({each.onset_s for each in found if each.event is STALL}) == 2


def test_a_stall_goes_on_in_another_monitor_and_ends_once() -> None:
    first, second = monitor(), monitor()
    live(first, stream(0, 5, 0.0), until_s=8.5)
    second.restore(first.snapshot())
    assert stalls(live(second, stream(9, 14, 0))) == [("cleared", 9.0)]


def test_a_lateness_is_remembered_over_save_and_restore() -> None:
    first, second = monitor(), monitor()
    live(first, stream(0, 10, 0.0))
    first.tick(15.0, late_s=4.1)
    second.restore(first.snapshot())
    assert second.deadline() == pytest.approx(18.0)


def test_a_look_that_is_done_after_the_stream_stalled_is_no_arrival() -> None:
    subject = monitor()
    live(subject, stream(0, 5, 0.0), until_s=8.5)
    late_look = frame(5 - 1 / 15, faces=ONE)
    assert stalls(subject.observe(late_look, 8.6)) == []
    assert STALL in subject.holding()
