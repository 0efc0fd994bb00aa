"""What holds the rules together: an event's own account, what is measured at the start, what comes when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.bounded import MOST, WITHIN_S, Bounded, BoundedState
from edge.rules.calibration import Calibration, CalibrationState
from edge.rules.company import Present
from edge.rules.episode import Episode, EpisodeState
from edge.rules.findings import NO, UNKNOWN, Finding, Judgement, Phase
from edge.rules.monitor import Monitor
from edge.rules.objects import multiple_persons, object_visible
from edge.rules.seeing import of_people
from edge.rules.settings import RuleSettings
from shared.events.types import EventType
from shared.observations import Box, FaceSeen, HandsSeen, ObjectSeen, Observation, PersonsSeen, PictureSeen
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import (
    LIGHT,
    ONE,
    TWO,
    arrival,
    body,
    check,
    every,
    eyes,
    face,
    frame,
    head,
    play,
    sound,
    windows,
)

SETTINGS = monitor_settings(Policy())
RAISED, CLEARED = Phase.RAISED, Phase.CLEARED
EVENT, TWIN = EventType.HEAD_TURNED_AWAY, EventType.GAZE_OFF_SCREEN


# One event


def turned(sure: float, **evidence: Any) -> Judgement:
    return Judgement(True, sure, evidence)


def episode(state: EpisodeState | None = None) -> Episode:
    return Episode(EVENT, RuleSettings(hold_s=1.0, clear_s=2.0), 3.0, state or EpisodeState())


def told(at_s: float, phase: Phase, looks: int, last: float, sure: float, **more: Any) -> Finding:
    """Of an event that began at 10 s; `last`: the degrees of its last look."""
    frames = {"frames_looked_at": looks, "frame_ids": [150, round(15 * more.pop("frame_s", at_s))]}
    unseen_s = more.get("unseen_seconds", 0.0)
    return Finding(
        event=EVENT,
        phase=phase,
        onset_s=10.0,
        raised_s=11.0,
        at_s=at_s,
        confidence=sure,
        evidence={"deg": last, "duration_seconds": round(at_s - 10 - unseen_s, 3), "hold_seconds": 1.0}
        | more
        | frames,
        together_with=TWIN,
        unseen_s=unseen_s,
    )


def test_an_event_tells_its_looks_and_the_values_of_the_last() -> None:
    one = episode()
    assert one.see(frame(9.0), NO) is None
    assert (one.raised, one.onset_s, one.span(9.0)) == (False, None, None)
    assert one.see(frame(10.0), turned(0.5, deg=50)) is None
    assert (one.raised, one.onset_s, one.span(10.0)) == (False, 10.0, None)
    assert one.see(frame(11.0), turned(0.9, deg=60), TWIN) == told(11.0, RAISED, 2, 60, 0.7)
    assert (one.raised, one.onset_s, one.span(11.5)) == (True, 10.0, (10.0, 11.5))
    assert one.see(frame(13.0), turned(0.75, deg=55)) is None
    assert one.see(frame(14.0), NO) is None
    assert (one.raised, one.onset_s, one.span(15.0)) == (True, 10.0, (10.0, 14.0))
    assert one.see(frame(16.0), NO) == told(14.0, CLEARED, 3, 55, 0.717, frame_s=13.0)
    assert (one.raised, one.onset_s, one.span(16.0)) == (False, None, None)


def test_what_was_unseen_within_an_event_is_told_and_taken_off() -> None:
    one = episode()
    for at in (10.0, 11.0, 20.0):
        one.see(frame(at), turned(0.5, deg=50), TWIN)
    assert one.finish() == told(20.0, CLEARED, 3, 50, 0.5, unseen_seconds=9.0, open_at_end=True)
    assert one.finish() is None


def test_an_event_that_was_seen_to_end_is_not_open_at_the_end() -> None:
    one = episode()
    for at, said in ((10.0, turned(0.5, deg=50)), (11.0, turned(0.5, deg=50)), (12.0, NO)):
        one.see(frame(at), said)
    one.join(TWIN)
    assert one.finish() == told(12.0, CLEARED, 2, 50, 0.5, frame_s=11.0)


def test_a_wait_that_ends_in_nothing_leaves_nothing_behind() -> None:
    state = EpisodeState()
    one = episode(state)
    one.see(frame(10.0), turned(0.5, deg=50), TWIN)
    one.see(frame(10.5), NO)
    assert (state.tally.looks, state.beside) == (0, None)
    one.see(frame(11.0), turned(0.5, deg=50))
    one.see(frame(20.0), turned(0.9, deg=60))  # too far apart
    assert (state.tally.looks, state.tally.first_frame, one.onset_s) == (1, 300, 20.0)


def test_a_sound_has_no_frames() -> None:
    one = episode()
    one.see(sound(10.0), turned(1.0))
    raised = one.see(sound(11.0), turned(1.0))
    assert raised is not None
    assert raised.evidence == {"duration_seconds": 1.0, "hold_seconds": 1.0}


# The bound of alerts


def of(phase: Phase, at: float) -> Finding:
    return Finding(
        event=EVENT, phase=phase, onset_s=at, raised_s=at, at_s=at, confidence=1.0, evidence={"at": at}
    )


def test_the_last_alert_of_a_full_minute_is_open_until_the_first_of_it_is_a_minute_old() -> None:
    state = BoundedState()
    bounded = Bounded(state)
    for number in range(MOST):
        assert bounded.passed([of(RAISED, 100.0 + number)], 100.0 + number) != []
        bounded.passed([of(CLEARED, 100.5 + number)], 100.5 + number)
    assert bounded.holding() == {EVENT: 100.0 + MOST - 1}
    assert bounded.passed([], 100.0 + WITHIN_S - 0.1) == []
    (ended,) = bounded.passed([], 100.0 + WITHIN_S)
    assert (ended.at_s, ended.evidence) == (100.5 + MOST - 1, {"at": 100.5 + MOST - 1})
    assert bounded.passed([of(RAISED, 161.0)], 161.0) == [of(RAISED, 161.0)]
    assert state.raised_s[EVENT][0] == 102.0


def test_a_minute_later_there_is_room_again() -> None:
    state = BoundedState()
    bounded = Bounded(state)
    for number in range(MOST - 1):
        bounded.passed([of(RAISED, float(number))], float(number))
    bounded.passed([of(RAISED, WITHIN_S)], WITHIN_S)
    assert (state.stand_ins, next(iter(state.raised_s[EVENT]))) == ({}, 1.0)
    bounded.passed([of(RAISED, WITHIN_S + 0.9)], WITHIN_S + 0.9)
    assert list(state.stand_ins) == [EVENT]


def test_a_repeat_that_lasts_keeps_the_alert_open_and_the_end_of_the_session_ends_it() -> None:
    bounded = Bounded(BoundedState())
    for number in range(MOST):
        bounded.passed([of(RAISED, float(number)), of(CLEARED, number + 0.5)], number + 0.5)
    assert bounded.passed([of(RAISED, 30.0)], 30.0) == []
    assert bounded.passed([], 200.0) == []
    (ended,) = bounded.finish([of(CLEARED, 210.0)])
    assert (ended.phase, ended.onset_s, ended.raised_s, ended.at_s) == (CLEARED, 11.0, 11.0, 210.0)
    assert ended.evidence == {"at": 210.0, "raised_again": 1}
    assert bounded.finish([]) == []


# Calibration


def calibrated(
    pitch_deg: float = -6.0, yaw_deg: float = 4.0, head_deg: float = -9.0, **gaze: Any
) -> tuple[Calibration, CalibrationState, Finding]:
    state = CalibrationState()
    rule = Calibration(SETTINGS, state)
    for number in range(400):
        at = number / 5
        seen = replace(frame(at, faces=ONE), head=head(head_deg, 2.0), gaze=eyes(pitch_deg, yaw_deg, **gaze))
        found = rule.see(seen, ONE[0])
        if found is not None:
            return rule, state, found
    raise AssertionError("never calibrated")


def test_the_stretch_is_complete_once_with_all_that_was_measured() -> None:
    zone = SETTINGS.gaze.zone
    middle_deg = (zone.min_pitch_deg + zone.max_pitch_deg) / 2
    rule, state, found = calibrated(pitch_deg=middle_deg - 3.0)
    assert found.phase is RAISED
    assert found.onset_s == found.raised_s == found.at_s == pytest.approx(SETTINGS.baseline_s, abs=0.4)
    share = 160 * 160 / (640 * 480)
    samples = found.evidence["samples"]
    assert isinstance(samples, int)
    assert samples >= 60
    assert found.evidence == {
        "baseline_share_of_frame": round(share, 5),
        "samples": samples,
        "baseline_seconds": SETTINGS.baseline_s,
        "gaze_zone": "measured",
        "gaze_centre_pitch_deg": middle_deg - 3.0,
        "gaze_centre_yaw_deg": 4.0,
        "head_baseline": "measured",
        "usual_pitch_deg": -9.0,
    }
    assert (rule.zone, rule.usual_pitch_deg) == (zone.moved(-3.0, 4.0), -9.0)
    assert rule.usual_share == pytest.approx(share, abs=1e-5)
    assert (state.shares.rows, state.heads.rows, state.gazes.rows) == ([], [], [])
    assert rule.see(frame(500.0, faces=ONE), ONE[0]) is None


def test_degrees_are_told_with_one_place() -> None:
    state = CalibrationState()
    rule = Calibration(SETTINGS, state)
    found = None
    for number in range(400):
        odd = number // 2 % 2 / 10
        seen = replace(frame(number / 5, faces=ONE), head=head(-9.0 - odd), gaze=eyes(-6.0 - odd, 4.0 + odd))
        found = found or rule.see(seen, ONE[0])
    assert found is not None
    for name in ("gaze_centre_pitch_deg", "gaze_centre_yaw_deg", "usual_pitch_deg"):
        value = found.evidence[name]
        assert isinstance(value, float)
        assert value == round(value, 1)


def test_looks_of_the_whole_stretch_count_for_the_head() -> None:
    rule = Calibration(SETTINGS, CalibrationState())
    for number in range(400):
        at = number / 5
        deg = -9.0 if at < 0.45 * SETTINGS.baseline_s else -2.0
        rule.see(replace(frame(at, faces=ONE), head=head(deg), gaze=eyes(deg, deg)), ONE[0])
    assert rule.usual_pitch_deg == -2.0
    assert rule.zone == SETTINGS.gaze.zone.moved(
        -2.0 - (SETTINGS.gaze.zone.min_pitch_deg + SETTINGS.gaze.zone.max_pitch_deg) / 2, -2.0
    )


def test_ten_samples_are_enough_at_the_end_of_the_stretch() -> None:
    rule = Calibration(SETTINGS, CalibrationState())
    step_s = SETTINGS.baseline_s / 9
    assert step_s < SETTINGS.max_gap_s
    found = [rule.see(frame(number * step_s, faces=ONE), ONE[0]) for number in range(10)]
    assert [each is not None for each in found] == [False] * 9 + [True]


def test_a_centre_too_far_away_is_moved_to_the_limit_and_a_head_too_low_is_not_used() -> None:
    rule, _, found = calibrated(pitch_deg=-70.0, yaw_deg=60.0, head_deg=-25.1)
    zone, limit_deg = SETTINGS.gaze.zone, SETTINGS.gaze.max_shift_deg
    assert rule.zone == zone.moved(-limit_deg, limit_deg)
    assert rule.usual_pitch_deg == 0.0
    assert "moved up to the limit" in str(found.evidence["gaze_zone"])
    assert found.evidence["gaze_centre_yaw_deg"] == limit_deg
    assert "too far" in str(found.evidence["head_baseline"])
    assert found.evidence["usual_pitch_deg"] == 0.0


def test_closed_eyes_are_no_look_and_leave_the_default() -> None:
    rule, _, found = calibrated(closed=True)
    assert (rule.zone, found.evidence["gaze_zone"]) == (SETTINGS.gaze.zone, "default; too few looks")
    assert found.evidence["gaze_centre_yaw_deg"] == 0.0


def test_before_ten_samples_no_size_is_usual() -> None:
    rule = Calibration(SETTINGS, CalibrationState())
    spacing_s = SETTINGS.baseline_s / 80
    for number in range(9):
        rule.see(frame(number * spacing_s, faces=ONE), ONE[0])
        assert rule.usual_share is None
    rule.see(frame(9 * spacing_s, faces=ONE), ONE[0])
    assert rule.usual_share == pytest.approx(160 * 160 / (640 * 480), abs=1e-5)
    assert (rule.usual_pitch_deg, rule.zone) == (0.0, SETTINGS.gaze.zone)


def test_without_the_candidates_face_nothing_is_sampled() -> None:
    state = CalibrationState()
    rule = Calibration(SETTINGS, state)
    rule.see(replace(frame(1.0), head=head(), gaze=eyes(0, 0)), None)
    assert state == CalibrationState()


# Whose results


def present(own: FaceSeen | None, *faces: FaceSeen) -> Present:
    return Present(own=own, faces=faces, counted=faces, people=faces, undecided=(), pictures=())


RESULTS: dict[str, Any] = {"identity": check(0.9), "head": head(), "gaze": eyes(0, 0), "liveness": 0.9}


@pytest.mark.parametrize(
    ("faces", "own_face", "own", "kept"),
    [
        (TWO, 0, TWO[0], True), (TWO, 1, TWO[0], False), (TWO, 1, TWO[1], True), (TWO, None, TWO[0], True),
        (ONE, None, ONE[0], True), (ONE, None, TWO[1], False), (ONE, None, None, False),
        (TWO, 2, TWO[1], True),
    ],
)  # fmt: skip
def test_results_about_another_face_than_the_candidates_are_left_out(
    faces: tuple[FaceSeen, ...], own_face: int | None, own: FaceSeen | None, *, kept: bool
) -> None:
    seen = replace(frame(1.0, faces=faces), own_face=own_face, **RESULTS)
    found = of_people(seen, present(own, *faces))
    assert found == (seen if kept else replace(seen, identity=None, head=None, gaze=None, liveness=None))


def test_faces_of_pictures_are_left_out() -> None:
    seen = replace(frame(1.0, faces=TWO), own_face=0, **RESULTS)
    assert of_people(seen, present(TWO[0], TWO[0])) == replace(seen, faces=(TWO[0],), own_face=None)


# The monitor


def events(found: list[Finding]) -> list[tuple[EventType, Phase]]:
    return [(each.event, each.phase) for each in found]


def test_what_comes_late_or_twice_is_left_out_for_each_channel_alone() -> None:
    subject = Monitor(SETTINGS)
    for observation in (frame(5.0), sound(4.0, microphone_silent=False), frame(5.2), sound(4.5, sounds=())):
        subject.observe(observation, 6.0)
    assert subject.late == 0
    subject.observe(sound(4.5, microphone_silent=True), 6.0)
    subject.observe(frame(5.1), 6.0)
    assert subject.late == 2
    subject.observe(arrival(5.0), 6.0)  # not analysed: an arrival, whatever came before
    assert subject.late == 2


def test_what_happens_in_an_instant_is_raised_and_over_at_once() -> None:
    subject = Monitor(SETTINGS)
    event = EventType.SECOND_DEVICE
    both = subject.happened(event, 7.0)
    assert both == [
        Finding(event=event, phase=phase, onset_s=7.0, raised_s=7.0, at_s=7.0, confidence=1.0, evidence={})
        for phase in (RAISED, CLEARED)
    ]
    assert Monitor(replace(SETTINGS, rules={})).happened(event, 7.0) == []


def test_a_policy_without_rules_tells_nothing_from_the_start_to_the_end() -> None:
    subject = Monitor(replace(SETTINGS, rules={}))
    seen = replace(frame(0, faces=TWO, picture=replace(LIGHT, mean_luma=1.0)), head=head(0, 70))
    found = play(subject, sorted([*every(0, 3, seen), *windows(0, 3, 0.95)], key=lambda each: each.at))
    subject.resume(9.0)
    assert {each.event for each in found} <= {EventType.CALIBRATED}
    assert subject.holding() == {}
    assert subject.finish(9.0) == []


def fused(terms: list[dict[str, Any]]) -> Monitor:
    return Monitor(monitor_settings(parse_policy({"fusion": {"window_s": 30, "terms": terms}})))


@pytest.mark.parametrize(("bound_s", "found"), [(6.9, True), (7.1, False)])
def test_an_event_is_a_term_for_as_long_as_its_condition_lasted(bound_s: float, *, found: bool) -> None:
    subject = fused([{"event": "FACE_NOT_FOUND", "more_than_s": bound_s}, {"event": "VOICE_DETECTED"}])
    story = [
        *every(0, 2, frame(0, faces=ONE)), *every(2, 9, frame(0, faces=())),
        *every(9, 20, frame(0, faces=ONE)), *windows(0, 20, 0.95),
    ]  # fmt: skip
    said = play(subject, sorted(story, key=lambda each: each.at))
    assert (EventType.HIGH_CONFIDENCE_CHEATING in {each.event for each in said}) is found


@pytest.mark.parametrize("policy", [{}, {"rules": {"MULTIPLE_FACES": {"threshold": 0.9}}}])
def test_faces_are_followed_on_where_their_settings_stayed(policy: dict[str, Any]) -> None:
    first, second = Monitor(SETTINGS), Monitor(monitor_settings(parse_policy(policy)))
    play(first, every(0, 3, frame(0, faces=ONE)))
    second.take_over(first)
    kept = second._state.seeing.company
    alike = second._settings.company == first._settings.company
    assert alike is (policy == {})
    assert (kept.faces != []) is alike
    assert kept is not first._state.seeing.company


def test_the_end_of_a_session_ends_every_kind_of_event() -> None:
    terms: list[dict[str, Any]] = [
        {"event": "FACE_MISMATCH", "more_than_checks": 1},
        {"event": "VOICE_DETECTED"},
    ]
    subject = fused(terms)
    strange = [frame(float(at), faces=ONE, identity=check(0.4)) for at in range(8)]
    between = [arrival(at + 0.5) for at in range(7)]
    story = sorted([*strange, *between, *windows(0, 7, 0.95)], key=lambda each: each.at)
    assert {event for event, _ in events(play(subject, story))} >= {
        EventType.FACE_MISMATCH, EventType.VOICE_DETECTED, EventType.HIGH_CONFIDENCE_CHEATING}  # fmt: skip
    assert subject.holding().keys() >= {
        EventType.FACE_MISMATCH, EventType.VOICE_DETECTED, EventType.HIGH_CONFIDENCE_CHEATING}  # fmt: skip
    assert [event for event, _ in events(subject.finish(7.5))] == [
        EventType.FACE_MISMATCH, EventType.VOICE_DETECTED, EventType.HIGH_CONFIDENCE_CHEATING]  # fmt: skip


CASES: dict[str, tuple[dict[str, Any], EventType]] = {
    "persons": ({"persons": PersonsSeen(count=2, score=0.9)}, EventType.MULTIPLE_PERSONS),
    "a hand": ({"hands": HandsSeen(to_ear_head_widths=0.0)}, EventType.HAND_NEAR_EAR),
    "no shoulders": ({"body": body(shoulders=False)}, EventType.LEFT_FRAME),
    "a hanging head": ({"head": head(-60)}, EventType.HEAD_DOWN),
    "a turned head": ({"head": head(0, 70)}, EventType.HEAD_TURNED_AWAY),
    "a look away": ({"gaze": eyes(0, 70)}, EventType.GAZE_OFF_SCREEN),
    "a long look away": ({"gaze": eyes(0, 70)}, EventType.PROLONGED_LOOK_AWAY),
}


@pytest.mark.parametrize(("seen", "event"), CASES.values(), ids=CASES.keys())
def test_what_is_seen_is_told_with_its_values_and_hidden_in_the_dark(
    seen: dict[str, Any], event: EventType
) -> None:
    like = replace(frame(0, faces=ONE, identity=check(0.9)), **seen)
    found = play(Monitor(SETTINGS), every(0, 16, like))
    (told,) = [each for each in found if each.event is event]
    assert told.phase is RAISED
    assert told.onset_s == pytest.approx(0.0, abs=0.6)
    assert told.evidence["hold_seconds"] == SETTINGS.rules[event].hold_s
    dark = replace(like, picture=replace(LIGHT, mean_luma=1.0))
    assert event not in {each.event for each in play(Monitor(SETTINGS), every(0, 16, dark))}


def shown(*seen: ObjectSeen) -> Observation:
    return replace(frame(0, faces=ONE), objects=seen)


def test_objects_are_told_from_their_bound_on_by_the_surest() -> None:
    asked = monitor_settings(parse_policy({"rules": {"PHONE_VISIBLE": {"enabled": True}}}))
    event = EventType.PHONE_VISIBLE
    bound = asked.threshold(event)
    box = Box(0, 0, 9, 9)

    def judged(*scores: float, kind: str = "phone") -> Judgement:
        return object_visible(
            shown(*(ObjectSeen(kind=kind, score=each, box=box) for each in scores)), event, asked
        )

    assert object_visible(frame(0), event, asked) == UNKNOWN
    assert judged() == judged(bound - 0.01) == judged(0.99, kind="book") == NO
    assert judged(bound) == Judgement(True, bound, {"score": round(bound, 3), "score_bound": bound})
    assert judged(bound, 0.98765) == Judgement(True, 0.98765, {"score": 0.988, "score_bound": bound})


def test_persons_are_told_with_their_number_and_score() -> None:
    seen = replace(frame(0), persons=PersonsSeen(count=3, score=0.98765))
    said = multiple_persons(seen, present(ONE[0], *ONE))
    assert said == Judgement(True, 0.98765, {"persons": 3, "score": 0.988})
    assert multiple_persons(replace(seen, persons=PersonsSeen(count=1, score=0.9)), present(None)) == NO
    assert multiple_persons(frame(0), present(None)) == UNKNOWN


@pytest.mark.parametrize("asked", [True, False])
def test_objects_are_looked_at_where_the_policy_asks_for_them(*, asked: bool) -> None:
    event = EventType.BOOK_VISIBLE
    settings = monitor_settings(parse_policy({"rules": {event.value: {"enabled": asked}}}))
    book = shown(ObjectSeen(kind="book", score=0.99, box=Box(0, 0, 9, 9)))
    found = play(Monitor(settings), every(0, 12, book, 2.0))
    assert (event in {each.event for each in found}) is asked


@pytest.mark.parametrize("asked", [True, False])
def test_liveness_is_judged_where_the_policy_asks_for_it(*, asked: bool) -> None:
    event = EventType.PRESENTATION_ATTACK
    settings = monitor_settings(parse_policy({"rules": {event.value: {"enabled": asked}}}))
    like = replace(frame(0, faces=ONE, identity=check(0.9)), liveness=0.01)
    found = play(Monitor(settings), every(0, 40, like, 1.0))
    assert (event in {each.event for each in found}) is asked


def test_few_frames_are_told_by_the_time_at_which_they_arrive() -> None:
    subject, found = Monitor(SETTINGS), []
    for number in range(60):
        found += subject.observe(arrival(number / 2 - 1.5), number / 2)
    (told,) = [each for each in found if each.event is EventType.LOW_FRAME_RATE]
    assert told.onset_s == 0.0
    assert told.evidence["frames_per_second"] == 2.0


def test_a_small_face_is_told() -> None:
    subject = Monitor(SETTINGS)
    play(subject, every(0, 32, frame(0, faces=ONE, identity=check(0.9)), 2.0))
    found = play(subject, every(32, 48, frame(0, faces=(face(50),), identity=check(0.9)), 2.0))
    (told,) = [each for each in found if each.event is EventType.PRESENCE_LOSS]
    assert told.onset_s == 32.0


def test_quick_turns_are_told() -> None:
    turning = [
        replace(each, head=head(0, 60.0 * (number // 2 % 2)))
        for number, each in enumerate(every(0, 20, frame(0, faces=ONE, identity=check(0.9)), 2.0))
    ]
    found = play(Monitor(SETTINGS), turning)
    assert EventType.SUSPICIOUS_MOVEMENT in {each.event for each in found}


@pytest.mark.parametrize("blocked", [replace(LIGHT, mean_luma=1.0), replace(LIGHT, change=0.0)])
def test_until_a_blocked_or_frozen_camera_is_over_nothing_is_seen(blocked: PictureSeen) -> None:
    subject = Monitor(SETTINGS)
    hidden = every(0, 12, replace(frame(0, faces=ONE, identity=check(0.9)), picture=blocked))
    raised = {each.event for each in play(subject, hidden)}
    assert raised & {EventType.CAMERA_BLOCKED, EventType.CAMERA_FROZEN}
    subject.observe(replace(frame(12.0, faces=(), picture=replace(LIGHT, change=9.0))))
    assert EventType.FACE_NOT_FOUND not in subject.holding()


def test_a_head_or_gaze_that_is_raised_is_over_when_the_face_is_gone_and_one_that_waits_stays_open() -> None:
    away = replace(frame(0, faces=ONE, identity=check(0.9)), gaze=eyes(0, 70), head=head(-60, 0))
    subject = Monitor(SETTINGS)
    play(subject, every(0, 6, away))
    found = play(subject, every(6, 12, frame(0, faces=())))
    over = {each.event for each in found if each.phase is CLEARED}
    assert over >= {EventType.GAZE_OFF_SCREEN, EventType.HEAD_DOWN}
    waiting = Monitor(SETTINGS)
    play(waiting, every(0, 1, away))
    play(waiting, every(1, 1.4, frame(0, faces=())))
    assert EventType.HEAD_DOWN in waiting.holding()


def test_the_face_that_the_recogniser_names_is_the_candidates() -> None:
    subject = Monitor(SETTINGS)
    far = face(100, 0.9, x_px=20)
    named = [replace(each, own_face=1) for each in every(0, 2, frame(0, faces=(face(), far)))]
    play(subject, named)
    own = subject._state.seeing.company.own
    assert own is not None
    assert own.x_px == pytest.approx(20, abs=10)
