"""Events whose end was told elsewhere: they end untold, what goes on begins anew, nothing counts twice."""

from __future__ import annotations

from dataclasses import replace

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.everything import exam_of_everything, policy_of_everything
from tests.support.observations import ONE, check, every, eyes, frame, play, usual

EVERY_RULE = monitor_settings(policy_of_everything())


def told_as_over() -> tuple[dict[EventType, Finding], list[Finding]]:
    """An exam in which each event is told as over as soon as it is raised for the first time: those, and what
    was found of them afterwards."""
    monitor, over, later = Monitor(EVERY_RULE), dict[EventType, Finding](), list[Finding]()

    def note(found: list[Finding], now: float) -> None:
        later.extend(each for each in found if each.event in over)
        new = {each.event: each for each in found if each.event not in {*over, EventType.CALIBRATED}}
        over.update(new)
        monitor.forget(new, now)

    for one in exam_of_everything():
        while (due_s := monitor.deadline()) is not None and due_s <= one.at:
            note(monitor.tick(due_s), due_s)
        note(monitor.observe(one), one.at)
    note(monitor.finish(one.at), one.at)
    return over, later


def test_no_event_is_told_as_over_again_and_what_goes_on_begins_after_that() -> None:
    over, later = told_as_over()
    raised = {each.event for each in play(Monitor(EVERY_RULE), exam_of_everything())}
    assert over.keys() >= raised - {EventType.CALIBRATED}
    for finding in later:
        if finding.event is EventType.CALIBRATED:
            continue
        assert finding.onset_s >= over[finding.event].raised_s, finding
    again = {each.event for each in later if each.phase is Phase.RAISED}
    assert again >= {EventType.MULTIPLE_FACES, EventType.MULTIPLE_PERSONS}


def glances(from_s: float, count: int) -> list[Observation]:
    """So many looks away, one every 4 s."""
    there = frame(0, faces=ONE, identity=check(0.9))
    looks = every(from_s, from_s + 4 * count, there)
    return [replace(each, gaze=eyes(-5, 70 if (each.at - from_s) % 4 < 2 else 0)) for each in looks]


def test_glances_that_were_told_do_not_count_again() -> None:
    monitor = Monitor(monitor_settings(Policy(baseline_s=5)))
    play(monitor, usual(30))
    often = EventType.FREQUENT_DISTRACTION
    found = [each for each in play(monitor, glances(30, 10)) if each.event is often]
    assert [each.phase for each in found] == [Phase.RAISED]
    needed = round((found[0].raised_s - 30) / 4)
    monitor.forget({often}, 70)
    assert [each for each in play(monitor, glances(70, needed - 1)) if each.event is often] == []
    more = play(monitor, glances(70 + 4 * (needed - 1), 3))
    assert [each.phase for each in more if each.event is often] == [Phase.RAISED]
