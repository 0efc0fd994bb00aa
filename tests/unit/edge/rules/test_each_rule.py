"""Each rule alone, look by look: what it says, with all values, and what it remembers for the next time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import NO, UNKNOWN, Finding, Judgement, Phase, Scalar
from edge.rules.frame_rate import FrameRate, FrameRateState
from edge.rules.frozen import Frozen
from edge.rules.fusion import MAX_SPANS, Fusion, FusionState
from edge.rules.gaze import Gaze, GazeState
from edge.rules.hands import Hands
from edge.rules.head import Movement, MovementState, head_down, head_turned_away
from edge.rules.identity import Mismatch, MismatchState, Unverified, UnverifiedState, is_mismatch
from edge.rules.liveness import Liveness, LivenessState
from edge.rules.recent_looks import RecentLooks, RecentLooksState
from edge.rules.settings import RuleSettings, Zone
from edge.rules.stream import Stream, StreamState
from shared.events.types import EventType
from shared.observations import HandsSeen, HeadPose, Observation, PictureSeen
from shared.policy.schema import parse_policy
from tests.support.observations import ONE, check, eyes, frame, head

SETTINGS = monitor_settings(parse_policy({"rules": {"PRESENTATION_ATTACK": {"enabled": True}}}))
GAP_S = SETTINGS.max_gap_s
RAISED, CLEARED = Phase.RAISED, Phase.CLEARED


def bound(event: EventType) -> float:
    return SETTINGS.threshold(event)


# Recent looks


def looks(window_s: float = 2.0, least: int = 2, most: int = 4) -> tuple[RecentLooks, RecentLooksState]:
    state = RecentLooksState()
    return RecentLooks(window_s, least, most, 3.0, state), state


def test_recent_looks_are_those_of_the_window_and_at_least_the_least() -> None:
    recent, state = looks()
    for at in (0.0, 1.0, 2.0):
        recent.add(at, at + 0.12345)
    assert list(recent) == [(0.0, 0.123), (1.0, 1.123), (2.0, 2.123)]
    assert (len(recent), recent.last, next(reversed(recent))) == (3, 2.123, (2.0, 2.123))
    recent.add(3.5, 9.0)
    assert [at for at, _ in recent] == [2.0, 3.5]
    recent.add(6.4, 9.0)
    assert [at for at, _ in state.taken] == [3.5, 6.4]  # older than the window, but two are the least


def test_recent_looks_are_at_most_the_most() -> None:
    recent, _ = looks()
    for number in range(6):
        recent.add(number / 10, 1.0)
    assert [at for at, _ in recent] == [0.2, 0.3, 0.4, 0.5]


def test_looks_before_a_gap_are_forgotten() -> None:
    for gap_s, left in ((3.0, 2), (3.1, 1)):
        recent, _ = looks(window_s=9.0)
        recent.add(1.0, 1.0)
        recent.add(1.0 + gap_s, 1.0)
        assert len(recent) == left


# Frozen


def changing(at: float, change: float | None) -> Observation:
    return frame(at, picture=PictureSeen(mean_luma=100.0, luma_variance=900.0, change=change))


def frozen_by(*changes: float | None, every_s: float = 1.0) -> list[Judgement]:
    rule = Frozen(SETTINGS, RecentLooksState())
    return [rule.judge(changing(number * every_s, each)) for number, each in enumerate(changes)]


def test_a_picture_is_frozen_since_its_first_still_look() -> None:
    still = bound(EventType.CAMERA_FROZEN)
    evidence = {"change": round(still, 3), "change_bound": still}
    assert frozen_by(9.0, still, still, still)[2:] == [Judgement(True, 1.0, evidence, 1.0)] * 2
    assert frozen_by(still, None, still) == [UNKNOWN] * 3
    assert frozen_by(9.0, 9.0, 9.0)[2:] == [NO]


def test_a_picture_moves_again_since_its_first_look_after_the_last_still_one() -> None:
    said = frozen_by(0.0, 0.0, 0.0, 9.0, 8.0, 7.0)
    assert [each.value for each in said] == [None, None, True, None, False, False]
    assert said[4] == Judgement(False, since_s=3.0)


def test_no_picture_is_neither_frozen_nor_moving() -> None:
    assert Frozen(SETTINGS, RecentLooksState()).judge(frame(0, picture=None)) == UNKNOWN


# Hands


def near(at: float, widths: float | None) -> Observation:
    return replace(frame(at), hands=HandsSeen(to_ear_head_widths=widths))


def hands(*distances: float | None) -> list[Judgement]:
    rule = Hands(SETTINGS, RecentLooksState())
    return [rule.judge(near(number / 2, each)) for number, each in enumerate(distances)]


def test_a_hand_is_near_since_the_first_near_look() -> None:
    near_by = bound(EventType.HAND_NEAR_EAR)
    said = hands(None, None, near_by, near_by, near_by)
    evidence = {"hand_to_ear_head_widths": round(near_by, 2), "hand_to_ear_head_widths_bound": near_by}
    assert said == [NO, NO, UNKNOWN, *[Judgement(True, 0.5, evidence, 1.0)] * 2]


def test_a_hand_that_touches_is_certain_and_a_jump_before_the_bound_is_its_first_look() -> None:
    far, near_by = bound(EventType.HAND_NEAR_EAR) + 0.09, bound(EventType.HAND_NEAR_EAR)
    (*_, touching) = hands(9.0, far, 0.0, 0.0, 0.0)
    evidence = {"hand_to_ear_head_widths": 0.0, "hand_to_ear_head_widths_bound": near_by}
    assert touching == Judgement(True, 1.0, evidence, 0.5)
    (*_, just) = hands(9.0, near_by + 0.1, 0.0, 0.0, 0.0)
    assert just.since_s == 0.5
    (*_, further) = hands(far + 0.05, far + 0.02, 0.0, 0.0, 0.0)
    assert further.since_s == 1.0


def test_a_hand_is_gone_since_the_first_look_without_it() -> None:
    said = hands(0.0, 0.0, 0.0, None, None, None, None)
    assert [each.value for each in said] == [True, True, True, None, None, False, False]
    assert said[5] == Judgement(False, since_s=1.5)
    assert hands(None)[0] == NO


# Head


def turned(*poses: tuple[float, float]) -> tuple[MovementState, list[Judgement]]:
    """A step is judged by the poses on both sides of it."""
    state = MovementState()
    rule = Movement(SETTINGS, state)
    return state, [rule.judge(replace(frame(at), head=head(0, yaw))) for at, yaw in poses]


def test_speed_is_taken_between_poses_of_at_most_a_second() -> None:
    state, _ = turned((0, 0), (1, 0), (2, 100), (3, 100))
    assert (list(state.speeds)[1:], state.before) == ([(2, 100.0)], 100.0)
    state, said = turned((0, 0), (1, 0), (2.1, 100), (3.1, 100))
    assert (list(state.speeds), state.before, said[-1]) == ([], None, UNKNOWN)
    assert list(state.poses) == [(2.1, head(0, 100)), (3.1, head(0, 100))]


def test_speeds_of_half_a_second_count_and_their_median_decides() -> None:
    poses = ((0, 0), (0.25, 0), (0.5, 100), (0.75, 200), (1.0, 200), (1.25, 200), (1.5, 200))
    state, _ = turned(*poses)
    assert list(state.speeds)[1:] == [(1.0, 0.0), (1.25, 0.0)]
    assert list(state.turns) == [(0.25, 400.0)]
    assert not state.fast


def test_a_short_step_weighs_as_little_as_it_lasts() -> None:
    for halfway_deg, end_deg, turns in ((17, 34, []), (25, 41, [(0.8, 68.3)]), (4, 34, [])):
        state, _ = turned(
            (0, 0), (0.4, 0), (0.8, halfway_deg), (1.0, end_deg), (1.4, end_deg), (1.8, end_deg)
        )
        assert list(state.turns) == turns


def test_a_steady_turn_has_one_speed_whatever_its_steps() -> None:
    instants = (0, 0.1, 0.3, 0.35, 0.5, 0.9, 1.0, 1.1, 1.4)
    steady, _ = turned(*((at, 70.0 * at) for at in instants))
    assert [speed for _, speed in steady.turns] == [70.0]


def test_the_speeds_of_an_earlier_program_which_do_not_say_when_the_first_began_go_on() -> None:
    earlier, _ = turned((0, 0), (1, 0), (2, 120), (3, 240))
    earlier.speeds.popleft()
    rule = Movement(SETTINGS, earlier)
    for at, yaw_deg in ((4, 360), (5, 360), (6, 480), (7, 600)):
        rule.judge(replace(frame(at), head=head(0, yaw_deg)))
    assert [began_s for began_s, _ in earlier.turns] == [1, 5]


def test_a_turn_begins_at_its_first_pose_and_has_its_highest_speed() -> None:
    state, _ = turned((0, 0), (1, 0), (2, 150), (3, 340), (4, 340), (5, 340), (6, 460), (7, 580))
    assert list(state.turns) == [(1, 190.0), (5, 120.0)]
    assert state.fast


def test_a_pose_that_is_taken_back_at_once_is_no_turn() -> None:
    for back_deg, turns in ((0, []), (59, []), (60, [(1, 120.0)])):
        state, _ = turned((0, 0), (1, 0), (2, 120), (3, back_deg), (4, back_deg))
        assert list(state.turns) == turns
        assert not state.doubted
    state, _ = turned((0, 0), (1, 0), (2, 120), (3, 0))
    assert state.doubted


def test_a_first_pose_from_which_the_head_leaps_and_stays_is_no_turn() -> None:
    for then_deg, turns in ((0, []), (59, []), (60, [(0, 120.0)])):
        state, _ = turned((0, 120), (1, 0), (2, -then_deg))
        assert list(state.turns) == turns


def test_a_head_that_moves_already_may_turn_back() -> None:
    state, _ = turned((0, 0), (1, 0), (2, 150), (3, 300), (4, 150), (5, 150))
    assert (list(state.turns), list(state.speeds)[1:]) == ([(1, 150.0)], [(4, 150.0)])


def test_too_many_turns_are_told_since_the_first_with_the_highest_speed() -> None:
    quick = [(at, 120.0 * (at // 2 % 2)) for at in range(10)]
    state, said = turned(*quick)
    number = SETTINGS.gaze.turns
    first = next(each for each in said if each.value)
    assert first == Judgement(
        True,
        1.0,
        {
            "quick_turns": number,
            "quick_turns_bound": number,
            "degrees_per_second": 120.0,
            "degrees_per_second_bound": bound(EventType.SUSPICIOUS_MOVEMENT),
            "window_seconds": SETTINGS.gaze.turns_window_s,
        },
        state.turns[0][0],
    )
    assert isinstance(first.evidence["degrees_per_second"], float)


def test_turns_are_forgotten_after_the_window() -> None:
    window_s = SETTINGS.gaze.turns_window_s
    state, _ = turned((0, 0), (1, 0), (2, 120), (3, 120))
    rule = Movement(SETTINGS, state)
    for at, left in ((window_s, 1), (window_s + 0.5, 1), (window_s + 1.0, 1), (window_s + 1.5, 0)):
        rule.judge(replace(frame(at), head=head(0, 120)))
        assert len(state.turns) == left


def test_a_turn_in_every_direction_counts_and_doubt_is_taken_off() -> None:
    state = MovementState()
    rule = Movement(SETTINGS, state)
    before, after = HeadPose(0, 0, 0, doubt_deg=1.0), HeadPose(2, 6, 9, doubt_deg=4.0)
    for at, pose in enumerate((before, before, after, after)):
        rule.judge(replace(frame(at), head=pose))
    assert list(state.speeds)[1:] == [(2, 7.0)]


def test_degrees_are_told_with_one_place() -> None:
    state, _ = turned((0, 0), (1, 0), (2, 123.456), (3, 123.456))
    assert list(state.turns) == [(1, 123.5)]
    said = head_turned_away(replace(frame(0), head=head(0, -71.26)), SETTINGS)
    assert said.evidence["turned_deg"] == 71.3
    assert said.evidence["yaw_deg"] == -71.3
    down = head_down(replace(frame(0), head=head(-71.26)), SETTINGS, -9.04)
    assert down.evidence["pitch_below_usual_deg"] == 62.2
    assert down.evidence["usual_pitch_deg"] == -9.0


def test_another_face_begins_anew() -> None:
    state, _ = turned((0, 0), (1, 0), (2, 120), (3, 240))
    assert state.fast
    Movement(SETTINGS, state).begin_anew()
    assert state == MovementState(turns=state.turns)
    assert len(state.turns) == 1
    assert Movement(SETTINGS, state).judge(frame(4)) == UNKNOWN


# Gaze

ZONE = Zone(min_pitch_deg=-25.06, max_pitch_deg=15.06, min_yaw_deg=-30.06, max_yaw_deg=30.06)
ASIDE = (-5.0, 60.0)


def gazing(*seen: tuple[float, tuple[float, float]], state: GazeState | None = None) -> list[Any]:
    rule = Gaze(SETTINGS, state or GazeState())
    return [rule.see(replace(frame(at), gaze=eyes(*angles)), ZONE) for at, angles in seen]


def test_the_gaze_is_off_since_most_looks_are_outside_with_their_medians() -> None:
    said = gazing((0.0, (0, 0)), (0.2, ASIDE), (0.4, (-7.0, 70.0)), (0.6, (-6.0, 50.0)))
    assert [each.value for each, _ in said] == [None, None, True, True]
    evidence = {
        "gaze_pitch_deg": -6.0,
        "gaze_yaw_deg": 65.0,
        "zone_min_pitch_deg": -25.1,
        "zone_max_pitch_deg": 15.1,
        "zone_min_yaw_deg": -30.1,
        "zone_max_yaw_deg": 30.1,
    }
    assert said[2][0] == Judgement(True, 0.667, evidence, 0.2)
    assert said[3][0].since_s is None


def test_of_two_starts_that_fit_equally_well_the_later_one_counts() -> None:
    said = gazing((0.0, ASIDE), (0.2, (0, 0)), (0.4, ASIDE))
    assert said[2][0].since_s == 0.4


def test_the_gaze_is_back_since_most_looks_are_inside() -> None:
    state = GazeState()
    gazing(*((at / 5, ASIDE) for at in range(3)), state=state)
    said = gazing(*((at / 5, (0.0, 0.0)) for at in range(3, 9)), state=state)
    assert [each.value for each, _ in said][:2] == [None, None]
    back = next(each for each, _ in said if each.value is False)
    assert back == Judgement(False, since_s=0.6)
    assert said[-1][0] == NO


def test_looks_older_than_the_aggregate_are_dropped_down_to_three() -> None:
    state, aggregate_s = GazeState(), SETTINGS.gaze.aggregate_s
    gazing(*((each, (0.0, 0.0)) for each in (0.0, 0.2, aggregate_s, aggregate_s + 0.1)), state=state)
    assert [look[0] for look in state.looks] == [0.2, aggregate_s, aggregate_s + 0.1]
    gazing((aggregate_s + 0.3, (1.26, 2.04)), state=state)
    assert state.looks[-1] == (aggregate_s + 0.3, 1.3, 2.0, False)
    assert [look[0] for look in state.looks] == [aggregate_s, aggregate_s + 0.1, aggregate_s + 0.3]


def test_the_longest_gap_of_the_gaze_is_no_gap_yet() -> None:
    for gap_s, kept in ((GAP_S, 2), (GAP_S + 0.1, 1)):
        state = GazeState()
        gazing((0.0, ASIDE), (gap_s, ASIDE), state=state)
        assert len(state.looks) == kept
        assert state.run_s == (0.0 if kept == 2 else gap_s)
        assert state.last_s == gap_s


def test_more_glances_than_the_bound_are_told_since_the_first() -> None:
    state = GazeState()
    limit = bound(EventType.FREQUENT_DISTRACTION)
    length_s, window_s = SETTINGS.gaze.episode_s, SETTINGS.gaze.episodes_window_s
    said: list[Any] = []
    for number in range(int(limit) + 1):
        start_s = number * (length_s + 1.0)
        seen = ((start_s, ASIDE), (start_s + length_s, ASIDE), (start_s + length_s + 0.5, (0.0, 0.0)))
        said += gazing(*seen, state=state)
    often = [each for _, each in said]
    assert [each.value for each in often[:-2]] == [False] * (len(often) - 2)
    evidence = {
        "episodes": int(limit) + 1,
        "episodes_bound": limit,
        "episode_seconds": length_s,
        "window_seconds": window_s,
    }
    assert often[-2:] == [Judgement(True, 1.0, evidence, 0.0)] * 2
    later = gazing((window_s, (0.0, 0.0)), state=GazeState(episodes=state.episodes))
    assert later[0][1].value is True
    assert gazing((window_s + 0.1, (0.0, 0.0)), state=state)[0][1] == NO
    assert state.episodes[0] > 0.0


def test_blinks_are_no_looks() -> None:
    state = GazeState()
    rule = Gaze(SETTINGS, state)
    for gaze in (None, eyes(0, 60, closed=True)):
        assert rule.see(replace(frame(1), gaze=gaze), ZONE) == (UNKNOWN, UNKNOWN)
    assert state == GazeState()
    assert rule.run is None


# Identity

LOW, HIGH = 0.5, 0.9


def checked(*seen: tuple[float, float], state: MismatchState | None = None) -> list[Finding | None]:
    rule = Mismatch(SETTINGS, state or MismatchState())
    return [rule.see(frame(at, faces=ONE, identity=check(value))) for at, value in seen]


def test_how_long_a_mismatch_lasts_is_told_to_a_thousandth() -> None:
    found = checked(*((at * 1.20004, LOW) for at in range(4)))
    assert found[-1] is not None
    assert found[-1].evidence["duration_seconds"] == 3.6


def test_mismatches_count_together_up_to_half_a_minute_apart() -> None:
    for apart_s, onset_s in ((30.0, 0.0), (30.1, 30.1)):
        state = MismatchState()
        checked((0.0, LOW), (apart_s, LOW), state=state)
        assert (state.onset_s, state.mismatches) == (onset_s, 2 if onset_s == 0 else 1)
        assert (state.unseen_s, state.tally.looks) == (0.0, state.mismatches)


def test_a_mismatch_that_is_raised_goes_on_over_gaps_which_are_unseen() -> None:
    state = MismatchState()
    found = checked(*((at, LOW) for at in range(4)), (43.0, LOW), (83.0, LOW), state=state)
    assert [each is not None for each in found] == [False, False, False, True, False, False]
    assert (state.unseen_s, state.mismatches, state.onset_s, state.raised_s) == (80.0, 6, 0, 3)
    (_, _, over) = checked((123.0, HIGH), (163.0, HIGH), (164.0, HIGH), state=state)
    assert over is not None
    assert (over.phase, over.onset_s, over.raised_s, over.at_s, over.unseen_s) == (CLEARED, 0, 3, 123, 120)
    assert over.evidence["duration_seconds"] == 3.0
    assert over.evidence["unseen_seconds"] == 120.0
    assert (state.raised_s, state.mismatches, state.matches) == (None, 0, 0)


def test_a_stranger_far_below_the_threshold_is_certain_and_not_more() -> None:
    state = MismatchState()
    checked((0, 0.12345), state=state)
    assert state.tally.confidence == 1.0
    assert state.tally.evidence["current_similarity"] == 0.123
    checked((1, 0.7), state=state)
    assert state.tally.confidence == 0.8  # the mean of 1 and 0.6


def test_a_match_between_mismatches_that_are_not_raised_starts_the_count_anew() -> None:
    state = MismatchState()
    checked((0, LOW), (1, LOW), (2, HIGH), state=state)
    rule = Mismatch(SETTINGS, state)
    assert (state.mismatches, state.matches, rule.onset_s, rule.raised) == (0, 0, None, False)
    checked((3, LOW), state=state)
    assert (rule.onset_s, state.tally.looks) == (3, 1)


def test_the_end_of_a_session_ends_a_mismatch_at_the_last_one_or_at_the_first_match() -> None:
    for more, at_s, open_at_end in (((), 3.0, True), (((5.0, HIGH), (6.0, HIGH)), 5.0, None)):
        state = MismatchState()
        checked(*((at, LOW) for at in range(4)), *more, state=state)
        ended = Mismatch(SETTINGS, state).finish()
        assert ended is not None
        assert (ended.at_s, ended.evidence.get("open_at_end")) == (at_s, open_at_end)
        assert Mismatch(SETTINGS, state).finish() is None


def test_a_pause_counts_for_mismatches_that_wait_only() -> None:
    waiting, raised, none = MismatchState(), MismatchState(), MismatchState()
    checked((0, LOW), (1, LOW), state=waiting)
    checked(*((at, LOW) for at in range(4)), state=raised)
    for state in (waiting, raised, none):
        rule = Mismatch(SETTINGS, state)
        rule.pause(21.0)
        rule.pause(41.0)
        rule.pause(40.0)
    assert (waiting.last_s, waiting.unseen_s) == (41.0, 40.0)
    assert (raised.last_s, raised.unseen_s, none.last_s, none.unseen_s) == (3, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(("similarity", "mismatch"), [(0.75, False), (0.749, True), (None, False)])
def test_a_mismatch_is_below_the_threshold(similarity: float | None, *, mismatch: bool) -> None:
    assert is_mismatch(check(similarity), SETTINGS) is mismatch
    assert not is_mismatch(None, SETTINGS)


def test_unverified_tells_when_a_check_last_passed_and_what_the_last_failed_at() -> None:
    rule = Unverified(UnverifiedState())
    two = replace(check(None), failed_gates=("brightness", "blur"))

    def judged(at: float, **seen: Any) -> Judgement:
        return rule.judge(frame(at, **seen))

    def unverified(passed_s: float | None, gates: str) -> Judgement:
        return Judgement(True, 1.0, {"last_passed_check": passed_s, "failed_gates": gates})

    assert judged(0) == UNKNOWN
    assert judged(1, faces=()) == UNKNOWN
    assert judged(2, faces=ONE) == unverified(None, "")
    assert judged(3, faces=ONE, identity=two) == unverified(None, "brightness, blur")
    assert judged(4, faces=ONE) == unverified(None, "brightness, blur")
    assert judged(5, faces=ONE, identity=check(LOW)) == NO
    assert judged(6, faces=ONE) == unverified(5, "")
    assert judged(7, identity=two) == unverified(5, "brightness, blur")


def test_a_face_seems_not_alive_since_its_first_check_below_the_threshold() -> None:
    rule = Liveness(replace(SETTINGS, liveness_checks=3), LivenessState())
    least = bound(EventType.PRESENTATION_ATTACK)
    said = [rule.judge(replace(frame(at), liveness=each)) for at, each in enumerate((least, least, 0.0))]
    assert said[-1].since_s == 2


def test_liveness_is_forgotten_after_a_minute() -> None:
    settings = replace(SETTINGS, liveness_checks=2)
    for age_s, value in ((60.0, True), (60.1, None)):
        state = LivenessState()
        rule = Liveness(settings, state)
        said = [rule.judge(replace(frame(at), liveness=0.01234)) for at in (0.0, age_s)]
        assert said[1].value is value
        assert state.checks[-1] == (age_s, 0.0123)


# Stream

STALL, OFFLINE = EventType.STREAM_STALLED, EventType.CANDIDATE_OFFLINE


def stream(state: StreamState | None = None) -> Stream:
    rules = {STALL: RuleSettings(hold_s=3, clear_s=0), OFFLINE: RuleSettings(hold_s=10, clear_s=0)}
    return Stream(replace(SETTINGS, rules=rules), state or StreamState())


def missing(event: EventType, phase: Phase, at_s: float, raised_s: float, **more: Any) -> Finding:
    """Of a stream whose last frame came at 1 s."""
    hold_s = 3 if event is STALL else 10
    return Finding(
        event=event,
        phase=phase,
        onset_s=1.0,
        raised_s=raised_s,
        at_s=at_s,
        confidence=1.0,
        evidence={"duration_seconds": round(at_s - 1.0, 3), "hold_seconds": hold_s, **more},
    )


def test_a_stall_and_its_offline_are_told_once_each_and_end_with_a_frame() -> None:
    rule = stream()
    assert (rule.deadline(), rule.tick(99.0), rule.holding(), rule.stalled) == (None, [], {}, False)
    assert rule.frame(0.5, 1.0) == []
    assert (rule.deadline(), rule.tick(3.9)) == (4.0, [])
    assert rule.tick(4.0) == [missing(STALL, RAISED, 4.0, 4.0)]
    assert (rule.deadline(), rule.stalled, rule.holding(), rule.tick(4.1)) == (11.0, True, {STALL: 1.0}, [])
    assert rule.tick(11.5) == [missing(OFFLINE, RAISED, 11.5, 11.5)]
    assert (rule.deadline(), rule.tick(30.0)) == (None, [])
    assert rule.frame(0.6, 12.2504) == [
        missing(STALL, CLEARED, 12.2504, 4.0), missing(OFFLINE, CLEARED, 12.2504, 11.5)]  # fmt: skip
    assert (rule.deadline(), rule.stalled, rule.holding()) == (15.2504, False, {})


def test_a_stall_that_is_open_at_the_end_says_so_and_ends_once() -> None:
    rule = stream()
    rule.frame(0.5, 1.0)
    rule.tick(4.0)
    assert rule.finish(6.0) == [missing(STALL, CLEARED, 6.0, 4.0, open_at_end=True)]
    assert (rule.finish(7.0), rule.stalled) == ([], False)


def test_a_frame_that_arrived_before_its_stall_was_told_ends_it_not_earlier() -> None:
    rule = stream()
    rule.frame(0.5, 1.0)
    rule.tick(4.0)
    (over,) = rule.frame(0.6, 3.5)
    assert (over.at_s, over.evidence["duration_seconds"]) == (4.0, 2.5)
    assert rule.deadline() == 6.5


def test_arrivals_and_expectations_go_forward_only() -> None:
    rule = stream()
    rule.expect(2.0)
    rule.expect(5.0)
    assert rule.deadline() == 5.0
    assert rule.is_new(0.0)
    rule.frame(7.0, 6.0)
    rule.frame(7.5, 4.0)
    assert rule.deadline() == 9.0
    assert [rule.is_new(at) for at in (7.4, 7.5, 7.6)] == [False, False, True]


def test_a_late_node_is_excused_for_the_shortest_wait() -> None:
    rule = stream()
    rule.frame(0.5, 1.0)
    rule.excuse(5.0)
    assert (rule.deadline(), rule.tick(7.9)) == (8.0, [])
    assert [each.event for each in rule.tick(8.0)] == [STALL]
    assert rule.deadline() == 11.0


def test_a_pause_counts_as_frames_unless_the_stream_has_stalled() -> None:
    rule = stream()
    rule.pause(9.0)
    assert rule.deadline() is None
    rule.frame(0.5, 1.0)
    rule.pause(20.0)
    rule.pause(15.0)
    assert rule.deadline() == 23.0
    rule.tick(23.0)
    rule.pause(40.0)
    assert rule.holding() == {STALL: 20.0}


def test_without_its_rules_a_stream_is_never_excused_nor_due() -> None:
    state = StreamState()
    rule = Stream(replace(SETTINGS, rules={}), state)
    rule.frame(0.5, 1.0)
    rule.excuse(2.0)
    assert (state.excused_s, rule.deadline(), rule.tick(99.0)) == (None, None, [])


# Frame rate


def rated(arrivals: list[tuple[float, bool]], state: FrameRateState | None = None) -> list[Judgement]:
    rule = FrameRate(SETTINGS, state or FrameRateState())
    return [rule.judge(at, damaged=damaged) for at, damaged in arrivals]


def even(start_s: float, end_s: float, rate_hz: float) -> list[tuple[float, bool]]:
    return [(start_s + number / rate_hz, False) for number in range(round((end_s - start_s) * rate_hz) + 1)]


def test_a_low_rate_is_told_since_its_stretch_began_with_what_was_measured() -> None:
    arrivals = [(10.0, False), (11.0, False), (12.0, True), (13.5, False), (14.0, False), (15.0, False)]
    said = rated(arrivals)
    assert said[:-1] == [UNKNOWN] * 5
    evidence = {
        "frames_per_second": 0.8,
        "frames_per_second_bound": 4.0,
        "covered_share": 0.2,
        "covered_share_bound": 0.8,
        "longest_gap_seconds": 2.5,
        "longest_gap_seconds_bound": 1.0,
        "damaged_share": 0.2,
    }
    assert said[-1] == Judgement(True, 1.0, evidence, 10.0)


def test_enough_frames_are_no_low_rate_and_the_next_stretch_begins_with_the_last() -> None:
    state = FrameRateState()
    assert rated(even(0, 5, 4), state)[-1] == NO
    assert state == FrameRateState(began_s=5.0, last_s=5.0, whole_s=5.0)


def test_a_gap_of_more_than_a_second_is_a_low_rate_by_itself() -> None:
    for gap_s, value in ((1.0, False), (1.01, True)):
        arrivals = [*even(0, 2, 20), *even(2 + gap_s, 4.95, 20), (5.0, False)]
        assert rated(arrivals)[-1].value is value


def test_a_stretch_that_ends_with_a_damaged_frame_counts_the_time_before_it() -> None:
    (*_, said) = rated([*even(0, 3.9, 10), (4.5, True), (5.0, True)])
    assert said.value is True
    assert said.evidence["longest_gap_seconds"] == 1.1
    assert said.evidence["damaged_share"] == round(2 / 41, 3)


def test_a_stall_begins_a_new_stretch() -> None:
    for away_s, began_s in ((2.9, 0.0), (3.0, 4.0)):
        state = FrameRateState()
        rated([*even(0, 1, 4), (1.0 + away_s, False)], state)
        assert state.began_s == began_s


def test_a_frame_of_the_same_instant_is_not_counted_twice() -> None:
    state = FrameRateState()
    assert rated([(0.0, False), (1.0, False), (1.0, False), (0.5, False)], state)[2:] == [UNKNOWN] * 2
    assert state.frames == 1


def test_a_pause_begins_a_new_stretch_at_its_end() -> None:
    state = FrameRateState()
    FrameRate(SETTINGS, state).pause(9.0)
    assert state == FrameRateState()
    rated(even(0, 1, 4), state)
    FrameRate(SETTINGS, state).pause(9.0)
    assert state == FrameRateState(began_s=9.0, last_s=9.0, whole_s=9.0)
    FrameRate(SETTINGS, state).pause(5.0)
    assert state.last_s == 9.0


# Fusion

FUSED = monitor_settings(
    parse_policy(
        {
            "fusion": {
                "window_s": 10,
                "terms": [
                    {"event": "FACE_MISMATCH", "more_than_checks": 1},
                    {"event": "GAZE_OFF_SCREEN", "more_than_s": 2},
                    {"event": "VOICE_DETECTED"},
                ],
            }
        }
    )
)
CHECKS, GAZE, VOICE = EventType.FACE_MISMATCH, EventType.GAZE_OFF_SCREEN, EventType.VOICE_DETECTED


def fusion(*spans: tuple[EventType, float, float], state: FusionState | None = None) -> Fusion:
    found = Fusion(FUSED, state or FusionState())
    for span in spans:
        found.note(*span)
    return found


def test_what_is_fused_names_each_part_with_its_bound() -> None:
    found = fusion((CHECKS, 1, 1), (CHECKS, 2, 2), (GAZE, 0.5, 2.0), (GAZE, 3.0, 3.75), (VOICE, 3, 4))
    before, raised = found.onset_s, found.see(5.0)
    assert before is None
    parts: list[Scalar] = [
        "FACE_MISMATCH: 2 checks, bound more than 1", "GAZE_OFF_SCREEN: 2.2 s, bound 2 s",
        "VOICE_DETECTED: raised",
    ]  # fmt: skip
    assert raised == Finding(
        event=EventType.HIGH_CONFIDENCE_CHEATING,
        phase=RAISED,
        onset_s=0.5,
        raised_s=5.0,
        at_s=5.0,
        confidence=1.0,
        evidence={"parts": parts, "window_seconds": 10.0, "duration_seconds": 4.5},
    )
    assert found.onset_s == 0.5
    assert found.see(6.0) is None
    ended = found.finish()
    assert ended is not None
    assert (ended.phase, ended.at_s, ended.raised_s, found.finish()) == (CLEARED, 6.0, 5.0, None)
    assert ended.evidence == {
        "parts": parts, "window_seconds": 10.0, "duration_seconds": 5.5, "open_at_end": True}  # fmt: skip


@pytest.mark.parametrize(
    "spans",
    [
        [(CHECKS, 1, 1), (GAZE, 0.0, 3.0), (VOICE, 3, 4)],
        [(CHECKS, 1, 1), (CHECKS, 2, 2), (GAZE, 0.0, 2.0), (VOICE, 3, 4)],
        [(CHECKS, 1, 1), (CHECKS, 2, 2), (GAZE, 0.0, 3.0)],
        [(CHECKS, 1, 1), (CHECKS, 1, 1), (GAZE, 0.0, 3.0), (VOICE, 3, 4)],
        [(CHECKS, 1, 1), (CHECKS, 2, 2), (GAZE, 0.0, 3.0), (GAZE, 0.0, 1.0), (VOICE, 3, 4)],
    ],
    ids=["one check", "just the bound", "no voice", "the same check twice", "a span corrected"],
)
def test_a_part_at_its_bound_is_not_fulfilled(spans: list[tuple[EventType, float, float]]) -> None:
    assert fusion(*spans).see(5.0) is None


def test_what_leaves_the_window_ends_it_and_the_next_begins_after_that() -> None:
    state = FusionState()
    found = fusion((CHECKS, 1, 1), (CHECKS, 2, 2), (GAZE, 0.0, 4.0), (VOICE, 3, 4), state=state)
    assert found.see(4.0) is not None
    assert found.see(11.0) is None
    ended = found.see(11.5)  # the check of 1 s is older than the window
    assert ended is not None
    assert (ended.phase, ended.onset_s, ended.raised_s, ended.at_s) == (CLEARED, 0.0, 4.0, 11.5)
    assert ended.evidence["parts"] == state.parts
    assert "open_at_end" not in ended.evidence
    assert (found.onset_s, found.see(11.6)) == (None, None)
    for span in ((CHECKS, 12, 12), (CHECKS, 12.5, 12.5), (GAZE, 11.0, 14.0), (VOICE, 3, 13)):
        found.note(*span)
    again = found.see(14.0)
    assert again is not None
    assert (again.onset_s, again.raised_s) == (11.5, 14.0)


def test_spans_are_cut_to_the_window() -> None:
    found = fusion((CHECKS, 12, 12), (CHECKS, 13, 13), (GAZE, 1.0, 7.5), (VOICE, 3, 14))
    raised = found.see(15.0)
    assert raised is not None
    assert str(raised.evidence["parts"]).count("GAZE_OFF_SCREEN: 2.5 s") == 1
    assert raised.onset_s == 5.0


def test_a_state_of_other_terms_is_refused_and_spans_are_bounded() -> None:
    with pytest.raises(ValueError, match="other terms"):
        Fusion(FUSED, FusionState(spans={EventType.LEFT_FRAME: fusion()._state.spans[VOICE]}))
    state = FusionState()
    fusion(*((CHECKS, at, at) for at in range(MAX_SPANS + 5)), state=state)
    assert (len(state.spans[CHECKS]), state.spans[CHECKS][0]) == (MAX_SPANS, (5, 5))
    assert set(state.spans) == {CHECKS, GAZE, VOICE}
