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
from shared.observations import GazeSeen, Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, TWO, check, every, eyes, frame, head, play

START = frame(0, faces=ONE, identity=check(0.9))


def calibrated(observations: list[Observation]) -> Finding:
    said = play(Monitor(monitor_settings(Policy())), observations)
    (finding,) = [f for f in said if f.event is EventType.CALIBRATED]
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
        (lambda n: eyes(-5, 40 * (n % 3 - 1)), "default, the looks lay far apart"),
        (lambda n: eyes(-5, 0) if n < 5 else None, "default, too few looks"),
        (lambda _: None, "default, too few looks"),
        (lambda _: eyes(-5, 50, closed=True), "default, too few looks"),
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
    assert evidence["gaze_zone"] == "moved as far as it may, the middle lay further off"
    assert (evidence["gaze_centre_pitch_deg"], evidence["gaze_centre_yaw_deg"]) == (10, -12)


def test_who_is_seen_from_far_below_and_works_on_is_left_in_peace_and_found_when_looking_away() -> None:
    working = gazing(lambda n: eyes(20 + n % 5, -12), 60)
    assert [f for f in play(Monitor(monitor_settings(Policy())), working) if f.event != "CALIBRATED"] == []
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


def test_before_the_stretch_is_over_nothing_relative_is_said() -> None:
    away = replace(START, gaze=eyes(-5, 80), head=head(pitch_deg=-60))
    assert play(Monitor(monitor_settings(Policy())), every(0, 29, away)) == []


def test_two_faces_calibrate_nobody() -> None:
    both = [replace(o, faces=TWO, gaze=eyes(-5, 14)) for o in every(0, 20, START)]
    alone = gazing(lambda _: eyes(-5, 0), 60)
    evidence = calibrated([*both, *(o for o in alone if o.at >= 20)]).evidence
    assert evidence["gaze_centre_yaw_deg"] == 0


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
