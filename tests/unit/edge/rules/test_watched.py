"""How long nobody looked: one number each for face, body and sound, by cause, and an event above a bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy, parse_policy
from shared.unwatched import Kind
from tests.support.observations import BLACK, LIGHT, ONE, arrival, body, every, frame, play, windows

FACE, BODY, SOUND = Kind
HONEST = frame(0, faces=ONE)
WHOLE = frame(0, faces=ONE, body=body(shoulders=True))


def monitor(**policy: Any) -> Monitor:
    return Monitor(monitor_settings(parse_policy(policy)))


def unwatched(*stretches: list[Observation], now: float, **policy: Any) -> dict[Kind, float]:
    subject = monitor(**policy)
    play(subject, sorted((each for stretch in stretches for each in stretch), key=lambda each: each.at))
    return subject.unwatched(now)


def told(found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.event is EventType.UNWATCHED]


def looks(start_s: float, end_s: float, every_s: float, like: Observation = HONEST) -> list[Observation]:
    count = round((end_s - start_s) / every_s)
    return [
        replace(like, at=start_s + number * every_s, frame_id=round(1_000 * (start_s + number * every_s)))
        for number in range(count)
    ]


def test_even_looks_leave_nothing_unwatched() -> None:
    seen = unwatched(every(0, 600, WHOLE, 1.5), windows(0, 600, 0.0), now=599.6)
    assert seen == {FACE: 0.0, BODY: 0.0, SOUND: 0.0}


@pytest.mark.parametrize("level", range(5))
def test_the_rate_of_no_level_leaves_anything_unwatched(level: int) -> None:
    late = [replace(each, at=each.at + 0.07 * (number % 2)) for number, each in enumerate(looks(0, 300, 1.0))]
    assert unwatched([replace(each, level=level) for each in late], now=299.1)[FACE] == 0.0


@pytest.mark.parametrize(("every_s", "share"), [(2.2, 1.2 / 2.2), (2.5, 1.5 / 2.5)])
def test_an_instant_is_watched_within_a_second_of_a_look(every_s: float, share: float) -> None:
    seen = unwatched(looks(0, 220, every_s), now=220 - every_s)
    assert seen[FACE] == pytest.approx(share * (220 - every_s), rel=0.01)


def test_each_kind_counts_by_its_own_looks() -> None:
    faces, bodies = every(0, 60, HONEST), every(0, 20, WHOLE)
    seen = unwatched(faces[100:], bodies, windows(0, 40, 0.0), now=59.8)
    assert seen[FACE] == 0.0
    assert seen[BODY] == pytest.approx(59.8 - 19.8 - 1.0)
    assert seen[SOUND] == pytest.approx(59.8 - 39.936 - 1.0)


def test_a_kind_that_was_never_looked_for_is_not_missing() -> None:
    assert unwatched(every(0, 60, HONEST), now=60) == {FACE: 0.0}


def test_a_kind_that_fails_from_the_start_is_unwatched() -> None:
    failing = replace(HONEST, failed=("body",))
    assert unwatched(every(0, 60, failing), now=59.8)[BODY] == pytest.approx(58.8)


def test_a_page_that_connects_and_sends_nothing_is_unwatched_from_then_on() -> None:
    subject = monitor()
    subject.expect(10.0)
    assert subject.unwatched(12.0) == {FACE: 0.0}
    assert subject.unwatched(30.0) == {FACE: 19.0}


def test_what_a_level_leaves_out_is_not_counted_but_told_once_as_limited_analysis() -> None:
    low = [replace(each, level=2) for each in every(20, 60, HONEST)]
    subject = monitor()
    found = play(subject, [*every(0, 20, WHOLE), *low, *every(60, 90, WHOLE)])
    assert subject.unwatched(90.0)[BODY] == 0.0
    limited = [each for each in found if each.event is EventType.ANALYSIS_DEGRADED]
    assert [each.phase for each in limited] == [Phase.RAISED, Phase.CLEARED]
    assert limited[0].evidence["left_out"] == ["body", "sounds", "speakers"]
    assert told(found) == []


def test_below_the_lowest_level_that_an_exam_accepts_nothing_counts_as_watched_and_staff_are_told() -> None:
    low = [replace(each, level=3) for each in every(20, 60, HONEST)]
    heard = [replace(each, level=3 if 20 <= each.at < 60 else 1) for each in windows(0, 200, 0.0)]
    seen = sorted([*every(0, 20, WHOLE), *low, *every(60, 200, WHOLE), *heard], key=lambda each: each.at)
    subject = monitor(lowest_level=2)
    found = play(subject, seen)
    assert subject.unwatched(199.0) == {kind: pytest.approx(39.2, abs=0.3) for kind in Kind}
    limited = [each for each in found if each.event is EventType.ANALYSIS_DEGRADED]
    assert [each.phase for each in limited] == [Phase.RAISED, Phase.CLEARED]
    assert limited[0].evidence["lowest_level"] == 2
    assert "on level L3; this exam accepts none below L2" in limited[0].evidence["limits"]  # type: ignore[operator]
    [raised, cleared] = told(found)
    assert raised.at_s == 27.0  # 6 of the last 60 s
    assert "face: the node did not look as required for" in str(raised.evidence["unwatched"])
    assert cleared.at_s > 60


def test_a_session_that_begins_below_its_lowest_level_is_unwatched_from_its_first_look() -> None:
    low = [replace(each, level=3) for each in every(0, 30, HONEST)]
    assert unwatched(low, now=30.0, lowest_level=1)[FACE] == pytest.approx(29.0)


def test_between_accepted_levels_only_what_each_leaves_out_changes() -> None:
    low = [replace(each, level=2) for each in every(20, 60, HONEST)]
    lower = [replace(each, level=3) for each in every(60, 80, HONEST)]
    stretches = [every(0, 20, WHOLE), low, lower, [replace(each, level=2) for each in every(80, 120, HONEST)]]
    seen = unwatched(*stretches, now=120.0, lowest_level=2)
    assert seen[BODY] == pytest.approx(19.0, abs=0.3)  # owed on L3 by its exam, left out on L2
    assert seen[FACE] == pytest.approx(19.2, abs=0.3)


def test_what_a_policy_does_not_ask_for_is_not_counted() -> None:
    seen = every(0, 20, WHOLE)
    assert BODY not in unwatched(seen, now=60, features={"pose_analysis": False})
    assert BODY in unwatched(seen, now=60)


def test_a_policy_that_asks_for_few_looks_has_them() -> None:
    rare = looks(0, 200, 2.0)
    assert unwatched(rare, now=198, cadences_hz={"faces": 0.5})[FACE] == 0.0
    assert unwatched(rare, now=198)[FACE] > 90


def test_above_a_share_of_the_last_minute_it_is_an_event_with_kinds_and_causes() -> None:
    subject = monitor()
    found = told(play(subject, [*every(0, 30, HONEST), *looks(30, 50, 2.5), *every(50, 200, HONEST)]))
    raised, cleared = found
    assert raised.at_s == 42.5
    assert raised.evidence["unwatched_share_bound"] == 0.1
    assert "face: nothing arrived for" in str(raised.evidence["unwatched"])
    assert cleared.at_s > 50
    assert cleared.evidence["hold_seconds"] == 0.0


def test_a_hole_now_and_then_is_no_event() -> None:
    holes = [each for start_s in range(0, 600, 60) for each in every(start_s, start_s + 54, HONEST)]
    assert told(play(monitor(), holes)) == []
    longer = [each for start_s in range(0, 600, 60) for each in every(start_s, start_s + 50, HONEST)]
    assert told(play(monitor(), longer)) != []


def test_the_bound_is_policy_and_the_number_is_kept_without_the_event() -> None:
    looked = looks(0, 120, 2.5)
    lax, off = {"threshold": 0.7}, {"enabled": False}
    for rule in (lax, off):
        subject = monitor(rules={"UNWATCHED": rule})
        assert told(play(subject, looked)) == []
        assert subject.unwatched(117.5)[FACE] == pytest.approx(70.5)
    assert told(play(monitor(), looked)) != []


def causes(*stretches: list[Observation]) -> str:
    found = told(play(monitor(), [each for stretch in stretches for each in stretch]))
    return str(found[0].evidence["unwatched"])


def test_causes_are_gaps_damage_and_the_node_itself() -> None:
    before = every(0, 5, HONEST)
    ruined = [replace(arrival(5 + number / 15), damaged=True) for number in range(300)]
    waiting = [arrival(5 + number / 15) for number in range(300)]
    assert "what arrived was damaged" in causes(before, ruined)
    assert "the node did not look" in causes(before, waiting)
    assert "nothing arrived" in causes(before, every(15, 20, HONEST))


def covered(for_s: float, every_s: float, until_s: float = 120.0) -> list[Observation]:
    """A hand before the camera, taken away for a moment now and then."""
    dark = replace(WHOLE, picture=BLACK, faces=(), body=body(shoulders=False))
    return [
        replace(dark if each.at % every_s < for_s else WHOLE, at=each.at, frame_id=each.frame_id)
        for each in every(0, until_s, WHOLE)
    ]


@pytest.mark.parametrize("rules", [{}, {"CAMERA_BLOCKED": {"enabled": False}}])
def test_a_hand_before_the_camera_taken_away_now_and_then_hides_nothing_untold(rules: Any) -> None:
    subject = monitor(rules=rules)
    found = play(subject, covered(2.6, 3.0))
    known = {EventType.UNWATCHED, EventType.CALIBRATED, EventType.IDENTITY_UNVERIFIED}
    assert {each.event for each in found} <= known
    assert "what arrived was damaged, dark" in str(told(found)[0].evidence["unwatched"])
    assert "the node did not look" not in str(told(found)[0].evidence["unwatched"])
    assert subject.unwatched(120.0)[FACE] == pytest.approx(120 * (2.8 - 1.0) / 3.0, rel=0.1)


def test_a_camera_that_is_blocked_for_long_or_does_not_change_is_not_watched() -> None:
    blocked = play(subject := monitor(), [*every(0, 10, WHOLE), *covered(20.0, 40.0, until_s=20.0)[50:]])
    assert EventType.CAMERA_BLOCKED in {each.event for each in blocked}
    assert subject.unwatched(20.0)[FACE] == pytest.approx(9.2, abs=0.3)
    same = replace(LIGHT, change=0.0)
    frozen = [replace(each, picture=same) for each in every(10, 60, WHOLE)]
    play(subject := monitor(), [*every(0, 10, WHOLE), *frozen])
    assert subject.unwatched(60.0)[FACE] == pytest.approx(50.0 - 10.0 - 1.0, abs=1.0)


def test_a_dark_moment_now_and_then_leaves_nothing_unwatched() -> None:
    found = play(subject := monitor(), covered(0.6, 6.0))
    assert told(found) == []
    assert subject.unwatched(120.0)[FACE] < 1.0


def test_the_time_of_a_hand_over_between_two_dark_looks_was_not_dark() -> None:
    dark = replace(WHOLE, picture=BLACK, faces=(), body=body(shoulders=False))
    play(subject := monitor(), [*every(0, 10, WHOLE), replace(dark, at=10.0, frame_id=10_000)])
    subject.resume(14.0)
    waiting = [arrival(14.3 + number / 15) for number in range(435)]
    found = play(subject, [replace(dark, at=14.2, frame_id=14_200), *waiting, *every(44, 46, WHOLE)])
    assert "the node did not look" in str(told(found)[-1].evidence["unwatched"])
    assert "what arrived was damaged" not in str(told(found)[-1].evidence["unwatched"])


def test_a_microphone_switched_on_for_a_moment_now_and_then_hides_nothing_untold() -> None:
    heard = [replace(each, microphone_silent=each.at % 9.0 > 0.6) for each in windows(0, 120, 0.0)]
    found = play(subject := monitor(), heard)
    assert {each.event for each in found} == {EventType.UNWATCHED}
    assert subject.unwatched(120.0)[SOUND] > 0.7 * 120
    assert told(play(monitor(), [replace(each, microphone_silent=False) for each in heard])) == []


def test_what_waited_while_the_node_stood_still_is_the_nodes_own() -> None:
    subject = monitor()
    play(subject, every(0, 20, HONEST))
    subject.tick(30.0, late_s=9.5)
    found = told(play(subject, every(30, 35, HONEST)))
    assert "the node did not look" in str(found[0].evidence["unwatched"])
    assert "nothing arrived" not in str(found[0].evidence["unwatched"])


def test_lost_sound_is_not_heard() -> None:
    heard = [*windows(0, 10.24, 0.0), *windows(10.24, 30.72, 0.0, lost_share=0.9)]
    assert unwatched(heard, now=30.72)[SOUND] == pytest.approx(19.48, abs=0.6)
    assert unwatched(windows(0, 30.72, 0.0, lost_share=0.1), now=30.72)[SOUND] == 0.0


def test_a_hand_over_between_nodes_is_unwatched_and_the_nodes_own() -> None:
    first, second = monitor(), monitor()
    play(first, every(0, 10, HONEST))
    second.restore(first.snapshot(), resumed_s=25.0)
    found = told(play(second, every(25.2, 30, HONEST)))
    assert second.unwatched(29.8)[FACE] == pytest.approx(25.0 - 9.8 - 1.0)
    assert found[0].evidence["unwatched"] == ["face: the node did not look as required for 14.2 s"]


def test_the_number_goes_on_after_save_and_restore_in_the_middle_of_a_gap() -> None:
    first, second, whole = monitor(), monitor(), monitor()
    before, after = looks(0, 50, 2.5), looks(55, 100, 2.5)
    play(first, before)
    second.restore(first.snapshot())
    play(second, after)
    play(whole, [*before, *after])
    assert second.unwatched(100.0) == whole.unwatched(100.0)
    assert second.snapshot() == whole.snapshot()


def test_a_second_event_after_the_first() -> None:
    holed = [*looks(0, 30, 2.5), *every(30, 200, HONEST), *looks(200, 230, 2.5), *every(230, 400, HONEST)]
    found = told(play(monitor(), holed))
    assert [each.phase for each in found] == [Phase.RAISED, Phase.CLEARED] * 2
    assert found[2].onset_s > 200


def test_it_is_technical_and_weighs_nothing() -> None:
    rule = Policy().rule(EventType.UNWATCHED)
    assert (rule.severity, rule.action.value, rule.hold_s, rule.clear_s) == (0.0, "none", 0.0, 60.0)


def test_the_end_of_a_session_counts_what_was_still_open() -> None:
    subject = monitor()
    play(subject, every(0, 10, HONEST))
    subject.finish(20.0)
    assert subject.unwatched(500.0) == {FACE: pytest.approx(20 - 9.8 - 1)}
