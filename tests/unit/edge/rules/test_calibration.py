"""What is usual is found in the first half minute; who looks elsewhere then does not move it far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import FaceSeen, GazeSeen, Observation
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import ONE, TWO, check, every, eyes, face, frame, head, play

START = frame(0, faces=ONE, identity=check(0.9))


def calibrated(observations: list[Observation]) -> Finding:
    said = play(Monitor(monitor_settings(Policy())), observations)
    (finding,) = [f for f in said if f.event is EventType.CALIBRATED]
    assert (finding.confidence, finding.onset_s, finding.raised_s) == (1.0, finding.at_s, finding.at_s)
    assert sorted(finding.evidence) == [
        "baseline_seconds",
        "baseline_share_of_frame",
        "gaze_centre_pitch_deg",
        "gaze_centre_yaw_deg",
        "gaze_zone",
        "head_baseline",
        "samples",
        "usual_pitch_deg",
    ]
    return finding


def gazing(where: Callable[[int], GazeSeen | None], seconds: float = 31) -> list[Observation]:
    return [replace(o, gaze=where(n)) for n, o in enumerate(every(0, seconds, START))]


def test_the_zone_is_centred_on_where_the_candidate_usually_looks() -> None:
    evidence = calibrated(gazing(lambda _: eyes(-12, 8))).evidence
    assert evidence["gaze_zone"] == "measured"
    assert (evidence["gaze_centre_pitch_deg"], evidence["gaze_centre_yaw_deg"]) == (-12, 8)


def test_a_minority_of_looks_aside_moves_nothing() -> None:
    evidence = calibrated(gazing(lambda n: eyes(-5, 70) if n % 10 < 4 else eyes(-5, 2))).evidence
    assert (evidence["gaze_zone"], evidence["gaze_centre_yaw_deg"]) == ("measured", 2)


@pytest.mark.parametrize(
    ("where", "word"),
    [
        (lambda n: eyes(-5, 40 * (n % 3 - 1)), "default; the looks were too far apart"),
        (lambda n: eyes(-5, 0) if n < 5 else None, "default; too few looks"),
        (lambda _: None, "default; too few looks"),
        (lambda _: eyes(-5, 50, closed=True), "default; too few looks"),
    ],
    ids=["looks all over", "few looks", "never looked at", "eyes closed"],
)
def test_what_cannot_be_believed_leaves_the_default_and_says_so(
    where: Callable[[int], GazeSeen | None], word: str
) -> None:
    evidence = calibrated(gazing(where)).evidence
    assert evidence["gaze_zone"] == word
    assert (evidence["gaze_centre_pitch_deg"], evidence["gaze_centre_yaw_deg"]) == (-5, 0)


def test_a_middle_too_far_off_moves_the_zone_as_far_as_it_may() -> None:
    evidence = calibrated(gazing(lambda _: eyes(20, -12))).evidence
    assert evidence["gaze_zone"] == "moved up to the limit; the measured centre was further away"
    assert (evidence["gaze_centre_pitch_deg"], evidence["gaze_centre_yaw_deg"]) == (10, -12)


def test_who_is_seen_from_far_below_is_left_in_peace_once_calibrated_and_found_when_looking_away() -> None:
    working = gazing(lambda n: eyes(20 + n % 5, -12), 60)
    # Until the zone has moved, the default one holds.
    said = [f for f in play(Monitor(monitor_settings(Policy())), working) if f.event != "CALIBRATED"]
    assert all(f.at_s <= 31 for f in said)
    assert said[-1].phase == "cleared"
    away = [replace(o, gaze=eyes(20, 45)) for o in every(60, 70, START)]
    said = play(Monitor(monitor_settings(Policy())), [*working, *away])
    assert EventType.GAZE_OFF_SCREEN in {f.event for f in said}


def test_somebody_who_reads_the_screen_is_measured() -> None:
    chance = Random(3)
    reading = calibrated(gazing(lambda _: eyes(chance.uniform(-15, 5), chance.uniform(-18, 18))))
    assert reading.evidence["gaze_zone"] == "measured"


def test_who_looked_away_while_calibrating_is_still_found_later() -> None:
    away = [replace(o, gaze=eyes(-5, 60)) for o in every(31, 60, START)]
    monitor = Monitor(monitor_settings(Policy()))
    said = play(monitor, [*gazing(lambda _: eyes(-5, 50), 31), *away])
    assert EventType.GAZE_OFF_SCREEN in {f.event for f in said}


def test_a_low_camera_makes_no_head_down() -> None:
    low = [replace(o, head=head(pitch_deg=-20)) for o in every(0, 90, START)]
    down = [replace(o, head=head(pitch_deg=-55)) for o in every(90, 96, START)]
    said = play(Monitor(monitor_settings(Policy())), [*low, *down])
    raised = [f for f in said if f.event is EventType.HEAD_DOWN]
    assert [(f.onset_s, f.evidence["usual_pitch_deg"]) for f in raised] == [(90.0, -20.0)]


def test_before_the_stretch_is_over_the_defaults_hold() -> None:
    away = replace(START, gaze=eyes(-5, 80), head=head(pitch_deg=-60))
    said = {f.event: f for f in play(Monitor(monitor_settings(Policy())), every(0, 20, away))}
    assert said[EventType.HEAD_DOWN].evidence["usual_pitch_deg"] == 0.0
    assert said[EventType.PROLONGED_LOOK_AWAY].evidence["zone_max_yaw_deg"] == 30.0


def test_before_the_stretch_is_over_somebody_at_work_is_left_in_peace() -> None:
    working = replace(START, gaze=eyes(-20, 25), head=head(pitch_deg=-25))
    assert play(Monitor(monitor_settings(Policy())), every(0, 29, working)) == []


ROUGH_DEG = (24.0, 16.0)
"""How far off a rough measurement may be."""
DIRECTION = (EventType.GAZE_OFF_SCREEN, EventType.PROLONGED_LOOK_AWAY, EventType.FREQUENT_DISTRACTION)


def directions(monitor: Monitor, observations: list[Observation]) -> list[tuple[str, str, object]]:
    """What is found of the gaze: event, phase and the zone's yaw."""
    said = [f for f in play(monitor, observations) if f.event in DIRECTION]
    return [(f.event.value, f.phase.value, f.evidence.get("zone_max_yaw_deg")) for f in said]


def rough(start_s: float, end_s: float, pitch_deg: float, yaw_deg: float) -> list[Observation]:
    like = replace(START, gaze=eyes(pitch_deg, yaw_deg, error_deg=ROUGH_DEG))
    return every(start_s, end_s, like, 3.0)


@pytest.mark.parametrize("look", [(20, -12), (38, 0), (-48, 0), (-5, 45), (-5, -45)])
def test_before_calibration_a_look_that_may_be_on_the_screen_is_not_off_it(look: tuple[int, int]) -> None:
    assert directions(Monitor(monitor_settings(Policy())), rough(0, 29, *look)) == []


@pytest.mark.parametrize("look", [(40, 0), (-50, 0), (-5, 47), (-5, -47)])
def test_before_calibration_a_look_beyond_its_error_is_found_each_time(look: tuple[int, int]) -> None:
    monitor = Monitor(monitor_settings(Policy()))
    assert directions(monitor, rough(0, 6, *look)) == [("GAZE_OFF_SCREEN", "raised", 46.0)]
    assert [line[:2] for line in directions(monitor, rough(6, 12, 20, -12))] == [
        ("GAZE_OFF_SCREEN", "cleared")
    ]
    # In the middle of the second wait the session moves to another node.
    assert directions(monitor, rough(12, 14, *look)) == []
    moved = Monitor(monitor_settings(Policy()))
    moved.restore(monitor.snapshot())
    assert directions(moved, rough(14, 18, *look)) == [("GAZE_OFF_SCREEN", "raised", 46.0)]


def test_once_the_centre_is_measured_its_error_no_longer_counts() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    assert directions(monitor, rough(0, 32, -5, 0)) == []
    assert directions(monitor, rough(32, 38, -5, 35)) == [("GAZE_OFF_SCREEN", "raised", 30.0)]


def test_a_centre_that_could_not_be_measured_leaves_the_error_in_force() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    astray = [each for n in range(64) for each in rough(n / 2, n / 2 + 0.5, -5, 40 * (n % 3 - 1))]
    assert directions(monitor, astray) == []
    assert directions(monitor, rough(32, 50, 20, -12)) == []
    assert directions(monitor, rough(50, 56, -5, 47)) == [("GAZE_OFF_SCREEN", "raised", 46.0)]


HEAD_ERROR_DEG = 15.5
"""How far off a head's pitch may be."""


def bent(start_s: float, end_s: float, pitch_deg: float) -> list[Observation]:
    like = replace(START, head=head(pitch_deg, error_deg=HEAD_ERROR_DEG))
    return every(start_s, end_s, like, 3.0)


def downs(monitor: Monitor, observations: list[Observation]) -> list[tuple[str, object]]:
    """What is found of lowered heads: the phase and the pitch taken for usual."""
    said = [f for f in play(monitor, observations) if f.event is EventType.HEAD_DOWN]
    return [(f.phase.value, f.evidence.get("usual_pitch_deg")) for f in said]


@pytest.mark.parametrize("usual_deg", [-17, -15, 0, 13])
def test_before_calibration_who_is_filmed_from_above_or_below_may_write(usual_deg: int) -> None:
    monitor = Monitor(monitor_settings(Policy()))
    writing = [each for n in range(3) for each in bent(9 * n, 9 * n + 5, usual_deg)]
    writing += [each for n in range(3) for each in bent(9 * n + 5, 9 * n + 9, min(usual_deg, 0) - 28)]
    assert downs(monitor, sorted(writing, key=lambda each: each.at)) == []


@pytest.mark.parametrize("pitch_deg", [-31, -45])
def test_before_calibration_a_head_that_may_be_held_as_always_is_not_down(pitch_deg: int) -> None:
    assert downs(Monitor(monitor_settings(Policy())), bent(0, 29, pitch_deg)) == []


@pytest.mark.parametrize("usual_deg", [-15, 0])
def test_before_calibration_a_head_far_below_its_own_usual_pitch_is_found_each_time(usual_deg: int) -> None:
    monitor = Monitor(monitor_settings(Policy()))
    assert downs(monitor, [*bent(0, 6, usual_deg), *bent(6, 10, usual_deg - 45)]) == [("raised", usual_deg)]
    assert [line[0] for line in downs(monitor, bent(10, 18, usual_deg))] == ["cleared"]
    # In the middle of the second wait the session moves to another node.
    assert downs(monitor, bent(18, 20, usual_deg - 45)) == []
    moved = Monitor(monitor_settings(Policy()))
    moved.restore(monitor.snapshot())
    assert downs(moved, bent(20, 24, usual_deg - 45)) == [("raised", usual_deg)]


def test_a_head_that_hangs_from_the_first_moment_is_found() -> None:
    assert downs(Monitor(monitor_settings(Policy())), bent(0, 6, -60)) == [("raised", -HEAD_ERROR_DEG)]


def test_who_looks_up_at_first_is_not_down_when_looking_at_the_desk() -> None:
    """The first seconds never make the rule stricter than its default."""
    assert downs(Monitor(monitor_settings(Policy())), [*bent(0, 6, 14), *bent(6, 12, -28)]) == []


def test_once_the_usual_pitch_is_measured_its_error_no_longer_counts() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    assert downs(monitor, bent(0, 32, 13)) == []
    assert downs(monitor, bent(32, 38, -20)) == [("raised", 13)]


def test_a_usual_pitch_that_is_too_low_or_was_not_found_leaves_the_error_in_force() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    assert downs(monitor, bent(0, 40, -27)) == []
    assert downs(monitor, bent(40, 50, -44)) == []
    assert downs(monitor, bent(50, 56, -46)) == [("raised", -HEAD_ERROR_DEG)]


OTHERS = {
    "a second person": TWO,
    "a poster that is not certain": (face(), face(120, 0.45, x_px=420)),
    "a face far behind": (face(), face(20, 0.9, x_px=420)),
}


@pytest.mark.parametrize("faces", OTHERS.values(), ids=OTHERS)
def test_another_face_does_not_keep_the_candidate_from_being_calibrated(faces: tuple[FaceSeen, ...]) -> None:
    both = [replace(o, gaze=eyes(-5, 8), own_face=0) for o in every(0, 31, replace(START, faces=faces))]
    told = calibrated(both)
    assert told.at_s == 30.0
    assert told.evidence["gaze_centre_yaw_deg"] == 8
    assert told.evidence["baseline_share_of_frame"] == pytest.approx(160 * 160 / (640 * 480), abs=1e-5)


def test_the_face_that_was_verified_is_measured_although_another_is_larger() -> None:
    faces = (face(260, 0.9, x_px=360), face(120, 0.9, x_px=20))
    both = [replace(o, own_face=1) for o in every(0, 31, replace(START, faces=faces))]
    share = calibrated(both).evidence["baseline_share_of_frame"]
    assert share == pytest.approx(120 * 120 / (640 * 480), abs=1e-5)


@pytest.mark.parametrize("unseen", [[], every(5, 45, frame(0, faces=()))], ids=["stalled", "an empty chair"])
def test_seconds_in_which_nobody_was_seen_are_no_part_of_the_stretch(unseen: list[Observation]) -> None:
    aside = [replace(o, gaze=eyes(-5, 14)) for o in every(0, 5, START)]
    working = [replace(o, gaze=eyes(-5, 0)) for o in every(45, 90, START)]
    told = calibrated([*aside, *unseen, *working])
    assert told.evidence["gaze_centre_yaw_deg"] == 0
    assert told.at_s == pytest.approx(70, abs=0.5)


def test_a_face_that_is_seldom_seen_cannot_put_calibration_off_without_end() -> None:
    glimpses = [each for start_s in range(0, 500, 5) for each in every(start_s, start_s + 0.2, START)]
    assert calibrated(glimpses).at_s == pytest.approx(5 * 79)


def changed(policy: dict[str, object], seconds: float = 40) -> Monitor:
    """A monitor that takes over after so much time, under another policy."""
    before = Monitor(monitor_settings(Policy()))
    usual = replace(START, gaze=eyes(-12, 8), head=head(-10))
    play(before, every(0, seconds, usual))
    after = Monitor(monitor_settings(parse_policy(policy)))
    after.take_over(before)
    return after


def later(monitor: Monitor) -> list[tuple[str, object]]:
    """What is found of a face as small as none before, and whether the calibration is made again."""
    far = replace(frame(0, faces=(face(40),), identity=check(0.9)), gaze=eyes(-5, 0), head=head())
    return [(f.event.value, f.onset_s) for f in play(monitor, every(60, 100, far))]


@pytest.mark.parametrize("policy", [{}, {"rules": {"MULTIPLE_FACES": {"hold_s": 9}}}, {"mismatch_checks": 6}])
def test_after_a_pause_or_another_policy_baselines_stay(policy: dict[str, object]) -> None:
    assert later(changed(policy)) == [("PRESENCE_LOSS", 60.0)]


@pytest.mark.parametrize("policy", [{"baseline_s": 20}, {"gaze_zone": {"yaw_deg": 25}}])
def test_a_policy_that_measures_otherwise_measures_anew(policy: dict[str, object]) -> None:
    assert [event for event, _ in later(changed(policy))] == ["CALIBRATED"]


def test_a_calibration_that_was_not_complete_goes_on_after_a_pause() -> None:
    told = [f for f in play(changed({}, 20), every(60, 100, START)) if f.event is EventType.CALIBRATED]
    assert [f.at_s for f in told] == [pytest.approx(70.0, abs=0.5)]


def test_what_is_taken_over_is_a_value_of_its_own() -> None:
    before = Monitor(monitor_settings(Policy()))
    play(before, every(0, 20, START))
    saved = before.snapshot()
    after = Monitor(monitor_settings(Policy()))
    after.take_over(before)
    play(after, every(20, 60, START))
    assert before.snapshot() == saved
