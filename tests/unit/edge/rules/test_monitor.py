"""Every rule at the monitor's door: each true event is found, and its innocent twin raises nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.judging.alerts import gravity
from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import FaceSeen, Observation
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import (
    BLACK,
    GREY_WALL,
    ONE,
    TWO,
    arrival,
    body,
    check,
    every,
    face,
    frame,
    lines,
    play,
)

SAME = check(0.86)
HONEST = frame(0, faces=ONE, identity=SAME)


def monitor(policy: Policy | None = None) -> Monitor:
    return Monitor(monitor_settings(policy or Policy()))


def seen(*stretches: list[Observation], policy: Policy | None = None) -> list[tuple[str, str, float]]:
    return lines(play(monitor(policy), [each for stretch in stretches for each in stretch]))


def test_an_honest_stretch_raises_nothing() -> None:
    honest = frame(0, faces=ONE, identity=SAME, body=body(shoulders=True))
    assert seen(every(0, 120, honest)) == []


def test_a_second_face_is_found_and_over_two_seconds_after_it_left() -> None:
    assert seen(every(0, 10, HONEST), every(10, 16, frame(0, faces=TWO)), every(16, 20, HONEST)) == [
        ("MULTIPLE_FACES", "raised", 10.0), ("MULTIPLE_FACES", "cleared", 16.0)]  # fmt: skip


@pytest.mark.parametrize(
    "faces",
    [
        (face(), face(20, 0.9, x_px=420)),
        (face(), face(120, 0.45, x_px=420)),
        (face(), face(150, 0.9, x_px=215)),
        (face(), face(60, 0.9, x_px=250)),
        ONE,
    ],
    ids=["too small", "too unsure", "found twice", "found twice, once smaller", "alone"],
)
def test_what_is_no_second_face_raises_nothing(faces: tuple[object, ...]) -> None:
    assert seen(every(0, 30, frame(0, faces=faces))) == []  # type: ignore[arg-type]


def test_a_second_face_for_less_than_the_hold_raises_nothing() -> None:
    assert seen(every(0, 5, HONEST), every(5, 7.8, frame(0, faces=TWO)), every(7.8, 20, HONEST)) == []


def test_an_absent_face_is_found_after_five_seconds() -> None:
    findings = play(monitor(), [*every(0, 5, HONEST), *every(5, 12, frame(0, faces=()))])
    (finding,) = findings
    assert (finding.event, finding.onset_s, finding.at_s) == (EventType.FACE_NOT_FOUND, 5.0, 10.0)
    assert finding.evidence["frames_looked_at"] == 26
    assert finding.evidence["frame_ids"] == [75, 150]


def test_unknown_faces_are_not_an_absent_face() -> None:
    assert seen(every(0, 5, HONEST), every(5, 60, frame(0, faces=None))) == []


def test_a_failing_detector_degrades_and_is_not_an_absent_face() -> None:
    assert seen(
        every(0, 5, HONEST), every(5, 15, frame(0, faces=None, failed=("faces",))), every(15, 25, HONEST)
    ) == [("ANALYSIS_DEGRADED", "raised", 5.0), ("ANALYSIS_DEGRADED", "cleared", 15.0)]


def test_a_degraded_analysis_names_the_task_that_failed() -> None:
    failing = frame(0, faces=ONE, failed=("body",))
    (finding,) = play(monitor(), [*every(0, 5, HONEST), *every(5, 11, failing)])
    assert finding.evidence["failed_tasks"] == ["body"]


def test_a_task_that_failed_once_and_was_not_due_again_degrades_nothing() -> None:
    assert seen(every(0, 1, frame(0, faces=ONE, failed=("identity",))), every(1, 30, HONEST)) == []


def test_a_face_much_smaller_than_the_baseline_is_found() -> None:
    far = frame(0, faces=(face(side_px=60),), identity=SAME)
    assert seen(every(0, 32, HONEST), every(32, 40, far)) == [("PRESENCE_LOSS", "raised", 32.0)]


def test_a_face_somewhat_smaller_than_the_baseline_raises_nothing() -> None:
    assert seen(every(0, 32, HONEST), every(32, 60, frame(0, faces=(face(side_px=80),), identity=SAME))) == []


def test_before_there_is_a_baseline_a_face_is_compared_with_what_was_seen_so_far() -> None:
    far = frame(0, faces=(face(side_px=40),), identity=SAME)
    assert seen(every(0, 20, HONEST), every(20, 29, far)) == [("PRESENCE_LOSS", "raised", 20.0)]
    assert seen(every(0, 1, HONEST), every(1, 29, far)) == []
    # Who sits so far away from the beginning is no smaller than usual.
    assert seen(every(0, 29, far)) == []


def test_the_baseline_is_said_once_and_survives_odd_moments() -> None:
    leaning_in = every(10, 20, frame(0, faces=(face(side_px=400),), identity=SAME))
    findings = play(monitor(), [*every(0, 10, HONEST), *leaning_in, *every(20, 100, HONEST)])
    (finding,) = findings
    assert (finding.event, finding.at_s) == (EventType.CALIBRATED, 30.0)
    assert finding.evidence["baseline_share_of_frame"] == pytest.approx(160 * 160 / (640 * 480), abs=1e-5)


def test_the_baseline_waits_for_the_candidate() -> None:
    findings = play(monitor(), [*every(0, 4, frame(0, faces=())), *every(4, 60, HONEST)])
    assert [(f.event, f.at_s) for f in findings] == [(EventType.CALIBRATED, 34.0)]


def test_shoulders_out_of_the_picture_are_found_with_what_was_last_seen() -> None:
    gone = frame(0, faces=(), body=body(shoulders=False, keypoints=5, presence=0.1))
    there = frame(0, faces=ONE, body=body(shoulders=True))
    findings = play(
        monitor(), [*every(0, 10, there, 1.5), *every(10, 18, gone, 1.5), *every(18, 24, there, 1.5)]
    )
    raised, cleared = [f for f in findings if f.event is EventType.LEFT_FRAME]
    assert raised.evidence["visible_keypoints"] == 5
    assert raised.evidence["last_seen_pose"] == pytest.approx(10 - 1 / 1.5)
    assert (cleared.onset_s, cleared.at_s) == (10.0, 18.0)
    assert cleared.evidence["duration_seconds"] == 8.0


def test_a_face_so_close_that_no_shoulders_show_has_not_left() -> None:
    close = frame(0, faces=(face(side_px=460),), identity=SAME, body=body(shoulders=False, keypoints=11))
    assert seen(every(0, 60, close)) == []


@pytest.mark.parametrize("faces", [ONE, TWO], ids=["a face", "two faces"])
def test_shoulders_that_are_gone_are_told_whatever_face_is_in_the_picture(
    faces: tuple[FaceSeen, ...],
) -> None:
    there = frame(0, faces=ONE, identity=SAME, body=body(shoulders=True))
    gone = frame(0, faces=faces, body=body(shoulders=False, keypoints=9))
    found = seen(every(0, 10, there), every(10, 22, gone), every(22, 30, there))
    assert [line for line in found if line[0] == "LEFT_FRAME"] == [
        ("LEFT_FRAME", "raised", 10.0), ("LEFT_FRAME", "cleared", 22.0)]  # fmt: skip


def test_a_second_leaving_after_the_first_and_one_that_is_too_short() -> None:
    there = frame(0, faces=ONE, identity=SAME, body=body(shoulders=True))
    gone = frame(0, faces=ONE, body=body(shoulders=False))
    found = seen(
        every(0, 5, there), every(5, 11, gone), every(11, 20, there), every(20, 26, gone),
        every(26, 35, there), every(35, 39, gone), every(39, 45, there),
    )  # fmt: skip
    assert [line[1:] for line in found if line[0] == "LEFT_FRAME"] == [
        ("raised", 5.0), ("cleared", 11.0), ("raised", 20.0), ("cleared", 26.0)]  # fmt: skip


def test_a_body_that_was_not_looked_for_has_not_left() -> None:
    assert (
        seen(
            every(0, 10, frame(0, faces=ONE, identity=SAME, body=body(shoulders=True))), every(10, 60, HONEST)
        )
        == []
    )


@pytest.mark.parametrize("picture", [BLACK, GREY_WALL])
def test_a_blocked_camera_is_technical_and_hides_face_and_body(picture: object) -> None:
    blocked = frame(0, faces=(), body=body(shoulders=False), picture=picture)  # type: ignore[arg-type]
    assert seen(every(0, 5, HONEST), every(5, 40, blocked), every(40, 45, HONEST)) == [
        ("CAMERA_BLOCKED", "raised", 5.0), ("CAMERA_BLOCKED", "cleared", 40.0)]  # fmt: skip


def test_the_same_absence_in_a_bright_picture_is_found() -> None:
    empty = frame(0, faces=(), body=body(shoulders=False))
    assert {line[0] for line in seen(every(0, 5, HONEST), every(5, 40, empty))} == {
        "FACE_NOT_FOUND", "LEFT_FRAME"}  # fmt: skip


def test_a_black_picture_shows_no_absence_where_the_blocked_rule_is_off() -> None:
    policy = parse_policy({"rules": {"CAMERA_BLOCKED": {"enabled": False}}})
    assert seen(every(0, 60, frame(0, faces=(), picture=BLACK)), policy=policy) == []


def test_a_dim_room_is_not_a_blocked_camera() -> None:
    dim = replace(HONEST, picture=replace(BLACK, mean_luma=20.0, luma_variance=90.0, change=0.4))
    assert seen(every(0, 30, dim)) == []


def test_a_stall_is_said_by_the_clock_and_is_never_an_absence() -> None:
    assert seen(every(0, 5, HONEST), every(12.8, 20, HONEST)) == [
        ("STREAM_STALLED", "raised", 4.8), ("STREAM_STALLED", "cleared", 12.8)]  # fmt: skip


def test_a_candidate_who_leaves_during_a_stall_is_found_once_the_picture_is_back() -> None:
    empty = every(13, 25, frame(0, faces=()))
    assert ("FACE_NOT_FOUND", "raised", 13.0) in seen(every(0, 5, HONEST), empty)


def test_an_absence_before_a_stall_is_not_added_to_one_after_it() -> None:
    absent = frame(0, faces=())
    assert [line for line in seen(every(0, 5, HONEST), every(5, 9, absent), every(13, 17, absent))
            if line[0] == "FACE_NOT_FOUND"] == []  # fmt: skip


@pytest.mark.parametrize(
    ("event", "sight", "over"),
    [
        (EventType.MULTIPLE_FACES, frame(0, faces=TWO), HONEST),
        (EventType.FACE_NOT_FOUND, frame(0, faces=()), HONEST),
        (EventType.FACE_MISMATCH, frame(0, faces=ONE, identity=check(0.4)), HONEST),
    ],
)
@pytest.mark.parametrize("again_s", [0.0, 4.0], ids=["gone after it", "still there after it"])
def test_a_stall_within_an_event_adds_nothing_to_what_it_weighs(
    event: EventType, sight: Observation, over: Observation, again_s: float
) -> None:
    def ends(away_s: float) -> Finding:
        back_s = 15 + away_s
        looks = [*every(0, 5, HONEST), *every(5, 15, sight), *every(back_s, back_s + again_s, sight)]
        findings = play(monitor(), [*looks, *every(back_s + again_s, back_s + 20, over)])
        return next(each for each in findings if each.event is event and each.phase is Phase.CLEARED)

    whole, torn = ends(0.0), ends(60.0)
    assert torn.at_s == pytest.approx(whole.at_s + 60)
    assert torn.evidence["unseen_seconds"] == pytest.approx(60, abs=0.5)
    assert torn.lasted_s <= whole.lasted_s
    assert gravity(Policy(), torn) <= gravity(Policy(), whole)


def test_a_long_stall_becomes_offline() -> None:
    subject = monitor()
    play(subject, every(0, 5, HONEST))
    deadlines, said = [], []
    while (deadline_s := subject.deadline()) is not None:
        deadlines.append(deadline_s)
        said += subject.tick(deadline_s)
    assert deadlines == pytest.approx([7.8, 14.8])
    assert [finding.event for finding in said] == [EventType.STREAM_STALLED, EventType.CANDIDATE_OFFLINE]
    assert subject.holding() == {EventType.STREAM_STALLED: 4.8, EventType.CANDIDATE_OFFLINE: 4.8}


def test_before_anybody_has_connected_no_stream_stalls() -> None:
    subject = monitor()
    assert subject.deadline() is None
    assert subject.tick(1_000.0) == []


def test_a_page_that_connects_and_sends_no_picture_is_a_stall_until_one_comes() -> None:
    subject = monitor()
    subject.expect(2.0)
    assert subject.deadline() == pytest.approx(5.0)
    assert [finding.event for finding in subject.tick(5.0)] == [EventType.STREAM_STALLED]
    assert [finding.phase for finding in subject.observe(arrival(6.0))] == [Phase.CLEARED]


def test_a_page_that_connects_again_is_given_no_new_time() -> None:
    subject = monitor()
    play(subject, [arrival(1.0)])
    subject.expect(3.5)
    assert subject.deadline() == pytest.approx(4.0)


def test_frames_that_arrive_unanalysed_keep_the_stream_alive() -> None:
    assert seen([arrival(number / 5) for number in range(300)]) == []


def test_a_slow_analysis_of_an_older_frame_is_taken_and_ends_no_stall() -> None:
    subject = monitor()
    play(subject, [arrival(1.0), arrival(1.2)])
    subject.tick(4.2)
    assert subject.observe(frame(1.0, faces=ONE)) == []
    assert subject.late == 0
    assert [f.phase for f in subject.observe(arrival(4.4))] == [Phase.CLEARED]


def test_what_comes_after_something_newer_is_left_out_and_counted() -> None:
    subject = monitor()
    play(subject, [frame(2.0, faces=ONE), frame(1.0, faces=()), frame(2.0, faces=())])
    assert subject.late == 2


def test_finishing_ends_what_is_raised_with_what_was_last_known() -> None:
    subject = monitor()
    play(subject, [*every(0, 5, HONEST), *every(5, 12, frame(0, faces=()))])
    (finding,) = subject.finish(13.0)
    assert (finding.event, finding.phase, finding.at_s) == (EventType.FACE_NOT_FOUND, Phase.CLEARED, 11.8)
    assert finding.evidence["open_at_end"] is True


def test_holding_tells_the_onset_before_anything_is_raised() -> None:
    subject = monitor()
    play(subject, [*every(0, 5, HONEST), *every(5, 7, frame(0, faces=TWO))])
    assert subject.holding()[EventType.MULTIPLE_FACES] == 5.0
