"""No storms: of one event at most so many alerts a minute, and the last of them counts the rest."""

from __future__ import annotations

from collections import Counter

from edge.judging.policy_settings import monitor_settings
from edge.rules.bounded import MOST, WITHIN_S, Bounded, BoundedState
from edge.rules.findings import Evidence, Finding, Phase
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import parse_policy
from tests.support.observations import BLACK, ONE, every, face, frame, play

JUMPY = monitor_settings(
    parse_policy(
        {
            "rules": {
                "MULTIPLE_FACES": {"hold_s": 0, "clear_s": 0},
                "FACE_NOT_FOUND": {"hold_s": 60},
                # A face counts from its first look on.
                "PICTURE_IN_VIEW": {"enabled": False},
            }
        }
    )
)
SECOND, EVENT = frame(0, faces=(*ONE, face(120, 0.8, x_px=420))), EventType.MULTIPLE_FACES


def coming_and_going(start_s: float, times: int, every_s: float = 0.8) -> list[Observation]:
    """A second face that comes and goes so often."""
    return [
        each
        for number in range(times)
        for each in (
            *every(start_s + number * every_s, start_s + number * every_s + 0.2, SECOND),
            *every(start_s + number * every_s + 0.2, start_s + (number + 1) * every_s, frame(0, faces=ONE)),
        )
    ]


def told(monitor: Monitor, observations: list[Observation]) -> list[Finding]:
    return [each for each in play(monitor, observations) if each.event is EVENT]


def test_few_pass_as_they_come() -> None:
    found = told(Monitor(JUMPY), coming_and_going(0, MOST - 1))
    assert [each.phase for each in found] == [Phase.RAISED, Phase.CLEARED] * (MOST - 1)


def test_a_storm_is_as_many_alerts_as_the_minute_has_room_for_and_the_last_counts_the_rest() -> None:
    found = told(Monitor(JUMPY), [*coming_and_going(0, 60), *every(48, 120, frame(0, faces=ONE))])
    assert Counter(each.phase for each in found) == {Phase.RAISED: MOST, Phase.CLEARED: MOST}
    last = found[-1]
    assert last.evidence["raised_again"] == 60 - MOST
    assert last.onset_s == found[-2].onset_s
    assert last.raised_s <= last.at_s == 47.4


def test_a_storm_without_end_is_as_many_in_every_minute() -> None:
    found = told(Monitor(JUMPY), coming_and_going(0, 450))
    raised = [each.raised_s for each in found if each.phase is Phase.RAISED]
    assert all(sum(at <= other < at + WITHIN_S for other in raised) <= MOST for at in raised)
    assert len(raised) >= 5 * MOST


def test_each_event_has_its_own_bound() -> None:
    monitor = Monitor(JUMPY)
    play(monitor, coming_and_going(0, 40))
    found = play(monitor, every(32, 40, frame(0, faces=ONE, picture=BLACK)))
    others = [each.event for each in found if each.event not in (EVENT, EventType.UNWATCHED)]
    assert others == [EventType.CAMERA_BLOCKED]


def test_the_alert_that_stands_for_others_keeps_its_onset_frame_and_ends_with_the_session() -> None:
    monitor = Monitor(JUMPY)
    found = told(monitor, coming_and_going(0, 40))
    assert monitor.holding()[EVENT] == found[-1].onset_s
    ends = [each for each in monitor.finish(40.0) if each.event is EVENT]
    assert [(each.phase, each.onset_s) for each in ends] == [(Phase.CLEARED, found[-1].onset_s)]
    assert ends[0].evidence["raised_again"] == 40 - MOST


def test_what_was_unseen_in_repeats_is_added_up_and_the_last_ones_values_are_told() -> None:
    def changed(phase: Phase, at: float, unseen_s: float = 0.0, confidence: float = 1.0) -> Finding:
        onset_s = at - 1 if phase is Phase.CLEARED else at
        return told_as(phase, onset_s, at, {"at": at, "scores": [at]}, unseen_s, confidence)

    def told_as(
        phase: Phase, onset_s: float, at: float, evidence: Evidence, unseen_s: float, confidence: float
    ) -> Finding:
        return Finding(
            event=EVENT,
            phase=phase,
            onset_s=onset_s,
            raised_s=onset_s,
            at_s=at,
            confidence=confidence,
            evidence=evidence,
            unseen_s=unseen_s,
        )

    bounded = Bounded(BoundedState())
    for number in range(MOST):
        both = [changed(Phase.RAISED, 2.0 * number), changed(Phase.CLEARED, 2.0 * number + 1)]
        assert bounded.passed(both, 2.0 * number + 1) == both[: 1 if number == MOST - 1 else 2]
    repeats = [(30.0, 0.25, 0.9), (34.0, 0.5, 0.8)]
    for at, unseen_s, confidence in repeats:
        assert bounded.passed([changed(Phase.RAISED, at)], at) == []
        assert bounded.passed([changed(Phase.CLEARED, at + 1, unseen_s, confidence)], at + 1) == []
    assert bounded.passed([], WITHIN_S - 0.1) == []
    (ended,) = bounded.passed([], WITHIN_S)
    evidence: Evidence = {"at": 35.0, "scores": [35.0], "raised_again": 2}
    assert ended == told_as(Phase.CLEARED, 2.0 * (MOST - 1), 35.0, evidence, 0.75, 0.8)
    assert bounded.holding() == {}


def test_a_storm_goes_on_in_another_monitor() -> None:
    storm = [*coming_and_going(0, 60), *every(48, 120, frame(0, faces=ONE))]
    whole, first, second = (Monitor(JUMPY) for _ in range(3))
    found = told(first, storm[:90])
    second.restore(first.snapshot())
    assert found + told(second, storm[90:]) == told(whole, storm)
