"""For how long looks told nothing, and why, is told as a technical matter; a value between ends it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge.judging.explanations import explain
from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.observations import NotJudged, Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, check, every, eyes, frame, play

HONEST = frame(0, faces=ONE, identity=check(0.9))
GREY = NotJudged("liveness", "the picture has no colour")
HIDDEN = NotJudged("gaze", "eyes hidden")


def looks(
    start_s: float, end_s: float, *untold: NotJudged, liveness: float | None = None
) -> list[Observation]:
    """A second apart; between them nothing of the kind is due."""
    found = []
    for look in every(start_s, end_s, HONEST):
        due = round(look.at * 5) % 5 == 0
        found.append(replace(look, not_judged=untold, liveness=liveness) if due else look)
    return found


def told(*stretches: list[Observation], monitor: Monitor | None = None) -> list[Finding]:
    monitor = monitor or Monitor(monitor_settings(Policy()))
    said = play(monitor, [each for stretch in stretches for each in stretch])
    return [each for each in said if each.event == "NOT_JUDGED"]


def test_what_could_not_be_judged_is_told_with_the_reason_and_its_length() -> None:
    raised, cleared = told(looks(0, 5, liveness=0.9), looks(5, 65, GREY), looks(65, 80, liveness=0.9))
    assert (raised.onset_s, raised.evidence["not_judged"]) == (5.0, ["liveness: the picture has no colour"])
    assert cleared.evidence["duration_seconds"] == 60.0
    assert "liveness: the picture has no colour" in explain(cleared)


def test_two_looks_are_told_together_and_both_must_come_back() -> None:
    back = [replace(each, gaze=eyes(-5, 0)) for each in looks(50, 70, GREY)]
    (raised,) = told(looks(0, 50, GREY, HIDDEN), back)
    assert raised.evidence["not_judged"] == ["gaze: eyes hidden", "liveness: the picture has no colour"]


def test_a_look_that_tells_something_now_and_then_is_no_matter() -> None:
    mixed = [looks(at, at + 20, GREY) + looks(at + 20, at + 21, liveness=0.9) for at in range(0, 200, 21)]
    assert told(*mixed) == []


def test_it_is_told_a_second_time_after_the_first() -> None:
    first = [*looks(0, 40, GREY), *looks(40, 60, liveness=0.9)]
    assert [each.onset_s for each in told(first, looks(60, 100, GREY)) if each.phase == "raised"] == [
        0.0,
        60.0,
    ]


@pytest.mark.parametrize("away_s", [0.0, 50.0])
def test_a_wait_goes_on_after_a_hand_over(away_s: float) -> None:
    before = Monitor(monitor_settings(Policy()))
    play(before, looks(0, 20, GREY))
    after = Monitor(monitor_settings(Policy()))
    after.restore(json.loads(json.dumps(before.snapshot())), resumed_s=20 + away_s)
    (raised,) = told(looks(20 + away_s, 40 + away_s, GREY), monitor=after)
    assert raised.raised_s == pytest.approx(30 + away_s, abs=1.1)
