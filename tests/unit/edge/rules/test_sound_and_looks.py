"""Speech part by part, and the looks that are missing: what is counted, and what is told of it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.failures import RECOVERED_S, Failures, FailuresState
from edge.rules.findings import NO, UNKNOWN, Finding, Judgement, Phase
from edge.rules.muttering import Muttering, MutteringState
from edge.rules.settings import Settings
from edge.rules.speech import Speech, SpeechState
from edge.rules.unjudged import Unjudged, UnjudgedState
from edge.rules.unwatched_time import MAX_PARTS, Seconds, count, recent, told
from edge.rules.watched import Watched, WatchedState
from shared.events.types import EventType
from shared.observations import NotJudged, Observation, SpeechHeard
from shared.policy.schema import Policy, parse_policy
from shared.unwatched import Kind
from tests.support.observations import ONE, arrival, body, frame, sound

SETTINGS = monitor_settings(Policy())
RULE = SETTINGS.rules[EventType.VOICE_DETECTED]
HOLD_S, CLEAR_S, PAUSE_S, GAP_S = RULE.hold_s, RULE.clear_s, SETTINGS.speech_pause_s, SETTINGS.max_gap_s
TALK, QUIET = 0.9, 0.1
FACE, BODY, SOUND = Kind


def alone(settings: Settings = SETTINGS, state: SpeechState | None = None) -> tuple[Speech, SpeechState]:
    """Speech without muttering."""
    own = state or SpeechState()
    return Speech(replace(settings, speech_share_s=None), own), own


def window(at: float, seconds: float, *probabilities: float, lost: float = 0.0) -> Observation:
    return sound(at, speech=SpeechHeard(duration_s=seconds, probabilities=probabilities, lost_share=lost))


def said(rule: Speech, *windows: Observation) -> list[Finding]:
    return [finding for each in windows for finding in rule.see(each)]


# Speech


def test_a_voice_is_raised_beyond_its_bound_with_all_that_was_measured() -> None:
    rule, own = alone()
    assert said(rule, window(HOLD_S, HOLD_S, TALK)) == []
    assert (own.onset_s, own.heard_s, rule.raised, rule.span) == (0.0, HOLD_S, False, None)
    (raised,) = said(rule, window(HOLD_S + 0.5, 0.5, 0.85))
    mean = round((HOLD_S * TALK + 0.5 * 0.85) / (HOLD_S + 0.5), 3)
    evidence = {
        "speech_seconds": HOLD_S + 0.5,
        "speech_seconds_bound": HOLD_S,
        "mean_probability": mean,
        "probability_bound": SETTINGS.threshold(EventType.VOICE_DETECTED),
        "duration_seconds": HOLD_S + 0.5,
    }
    assert raised == Finding(
        event=EventType.VOICE_DETECTED,
        phase=Phase.RAISED,
        onset_s=0.0,
        raised_s=HOLD_S + 0.5,
        at_s=HOLD_S + 0.5,
        confidence=mean,
        evidence=evidence,
    )
    assert rule.span == (0.0, HOLD_S + 0.5)


def test_a_voice_is_over_after_the_clear_time_and_nothing_is_left_of_it() -> None:
    rule, own = alone()
    raised_s = HOLD_S + 1
    said(rule, window(raised_s, raised_s, TALK))
    assert said(rule, window(raised_s + CLEAR_S - 0.5, CLEAR_S - 0.5, QUIET)) == []
    assert own.pause_s == CLEAR_S - 0.5
    (over,) = said(rule, window(raised_s + CLEAR_S, 0.5, QUIET))
    assert (over.phase, over.onset_s, over.raised_s, over.at_s) == (
        Phase.CLEARED, 0.0, raised_s, raised_s)  # fmt: skip
    assert over.evidence["duration_seconds"] == raised_s
    assert (own.onset_s, own.raised_s, own.heard_s, own.probability, own.pause_s) == (None, None, 0, 0, 0)


def test_speech_between_silences_of_a_raised_voice_starts_the_silence_anew() -> None:
    rule, own = alone()
    said(rule, window(4, 4, TALK), window(4 + CLEAR_S - 0.5, CLEAR_S - 0.5, QUIET))
    at = 4 + CLEAR_S
    assert said(rule, window(at, 0.5, TALK), window(at + CLEAR_S - 0.5, CLEAR_S - 0.5, QUIET)) == []
    assert (own.pause_s, own.last_speech_s) == (CLEAR_S - 0.5, at)


def test_a_pause_of_the_longest_length_belongs_to_the_stretch() -> None:
    for pause_s, onset_s in ((PAUSE_S, 0.0), (PAUSE_S + 0.01, None)):
        rule, own = alone()
        said(rule, window(1, 1, TALK), window(1 + pause_s, pause_s, QUIET))
        assert own.onset_s == onset_s
    rule, own = alone()
    half_s = PAUSE_S * 0.75
    said(rule, window(1, 1, TALK), window(1 + half_s, half_s, QUIET), window(2 + half_s, 1, TALK))
    said(rule, window(2 + 2 * half_s, half_s, QUIET))
    assert (own.onset_s, own.heard_s, own.pause_s) == (0.0, 2.0, half_s)


def test_parts_of_a_window_have_their_own_times() -> None:
    rule, own = alone()
    assert said(rule, window(2.0, 1.0, QUIET, TALK, TALK, QUIET)) == []
    assert (own.onset_s, own.last_speech_s, own.heard_s, own.pause_s, own.known_s) == (
        1.25,
        1.75,
        0.5,
        0.25,
        2,
    )


def test_a_quiet_window_before_any_speech_leaves_nothing_behind() -> None:
    rule, own = alone()
    bound = SETTINGS.threshold(EventType.VOICE_DETECTED)
    said(rule, window(1, 1, QUIET, bound), window(2, 1, QUIET, lost=0.5), sound(3.0), window(4, 1))
    assert own == SpeechState(known_s=2, lost_s=0.5)


def test_lost_sound_counts_neither_as_silence_nor_as_speech() -> None:
    rule, own = alone()
    said(rule, window(1, 1, TALK), window(2, 1, QUIET, lost=1.0))
    assert (own.pause_s, own.lost_s, own.onset_s) == (0.0, 1.0, 0.0)
    said(rule, window(2.4, 0.4, QUIET, lost=0.5))
    assert (own.pause_s, own.lost_s) == (0.2, 0.0)


def test_a_hole_between_windows_is_lost_sound() -> None:
    for gap_s, onset_s in ((GAP_S, 0.0), (GAP_S + 0.1, 1 + GAP_S + 0.1)):
        rule, own = alone()
        said(rule, window(1, 1, TALK), window(2 + gap_s, 1, TALK))
        assert own.onset_s == pytest.approx(onset_s)
        assert own.lost_s == 0.0


def test_long_losses_within_a_raised_voice_are_unseen_up_to_the_last_speech() -> None:
    rule, own = alone()
    lost_s = GAP_S + 1
    said(rule, window(4, 4, TALK), window(4 + lost_s, lost_s, QUIET, lost=1.0))
    assert (own.unheard_s, own.unseen_s, own.lost_s) == (lost_s, 0.0, 0.0)
    at = 4 + lost_s
    said(rule, window(at + 1, 1, TALK), window(at + 1 + lost_s, lost_s, QUIET, lost=1.0))
    assert (own.unheard_s, own.unseen_s) == (lost_s, lost_s)
    said(rule, window(at + 2 + lost_s, 1, TALK))
    assert (own.unheard_s, own.unseen_s) == (0.0, 2 * lost_s)
    ended = rule.finish()
    assert ended is not None
    assert ended.unseen_s == ended.evidence["unseen_seconds"] == 2 * lost_s
    assert ended.evidence["duration_seconds"] == 6.0
    assert (own.unseen_s, rule.finish()) == (0.0, None)


def test_silence_before_a_long_loss_does_not_count_with_that_after_it() -> None:
    rule, own = alone()
    said(rule, window(4, 4, TALK), window(4 + CLEAR_S - 0.5, CLEAR_S - 0.5, QUIET))
    at = 4 + CLEAR_S - 0.5 + GAP_S + 1
    assert said(rule, window(at, GAP_S + 1, QUIET, lost=1.0), window(at + 1, 1, QUIET)) == []
    assert own.pause_s == 1.0


def test_a_pause_is_no_hole() -> None:
    rule, own = alone()
    rule.pause(5.0)
    assert own == SpeechState()
    said(rule, window(1, 1, TALK))
    rule.pause(50.0)
    rule.pause(20.0)
    assert own.known_s == 50.0
    said(rule, window(51, 1, TALK))
    assert (own.onset_s, own.heard_s) == (0.0, 2.0)


def test_the_mean_probability_is_told_with_three_places() -> None:
    rule, _ = alone()
    (raised,) = said(rule, window(HOLD_S + 1, HOLD_S + 1, TALK, TALK, 0.87))
    assert raised.confidence == raised.evidence["mean_probability"] == 0.89
    (odd,) = said(alone()[0], window(3, 3, 0.8712, TALK, TALK))
    assert odd.confidence == 0.89


def test_a_raised_voice_without_speech_is_no_state() -> None:
    SpeechState(raised_s=1.0, heard_s=0.5)
    with pytest.raises(ValueError, match="without speech"):
        SpeechState(raised_s=1.0)


# Muttering


def muttering(bound_s: float | None = 8.0, window_s: float = 32.0) -> tuple[Muttering, MutteringState]:
    state = MutteringState()
    return Muttering(replace(SETTINGS, speech_share_s=bound_s, speech_window_s=window_s), state), state


def test_speech_within_a_part_of_the_window_is_one_part() -> None:
    rule, state = muttering()
    assert rule.add(10.0, 0.5, 0.8) is None
    assert rule.add(10.75, 0.25, 0.4) is None
    assert rule.add(11.0, 0.25, 0.4) is None
    assert [part[:2] for part in state.parts] == [(10.0, 0.75), (11.0, 0.25)]
    assert [part[2] for part in state.parts] == pytest.approx([0.5, 0.1])


def test_more_speech_than_the_bound_is_told_with_its_start() -> None:
    rule, _ = muttering()
    assert [rule.add(at, 1.0, 0.5) for at in range(0, 24, 3)] == [None] * 8
    assert rule.add(24.0, 1.0, 1.0) == (0, 9.0, 5.0)


def test_speech_that_is_not_wholly_within_the_window_no_longer_counts() -> None:
    rule, state = muttering()
    rule.add(0.0, 1.0, 0.5)
    rule.add(31.0, 1.0, 0.5)
    assert len(state.parts) == 2
    rule.add(32.0, 0.1, 0.5)
    assert [part[0] for part in state.parts] == [31.0, 32.0]


def test_without_a_bound_nothing_is_added_up() -> None:
    rule, state = muttering(None)
    assert rule.add(0.0, 99.0, 1.0) is None
    assert len(state.parts) == 0


def test_parts_are_moved_by_a_pause_and_forgotten_when_told() -> None:
    rule, state = muttering()
    rule.add(1.0, 0.5, 0.8)
    rule.add(3.0, 0.25, 0.8)
    rule.pause(10.0)
    assert list(state.parts) == [(11.0, 0.5, 0.4), (13.0, 0.25, pytest.approx(0.2))]
    rule.forget()
    assert len(state.parts) == 0


def test_many_sentences_are_one_voice_told_by_the_share_of_speech() -> None:
    settings = replace(SETTINGS, speech_share_s=3.0, speech_window_s=32.0)
    own = SpeechState()
    rule = Speech(settings, own)
    found: list[Finding] = []
    for number in range(4):
        at = 1.0 + 2 * number
        found += said(rule, window(at, 1, TALK), window(at + 1, 1, QUIET))
    (raised,) = found
    assert (raised.onset_s, raised.raised_s, raised.evidence["speech_seconds"]) == (0.0, 7.0, 4.0)
    assert (raised.evidence["speech_seconds_bound"], raised.evidence["window_seconds"]) == (3.0, 32.0)
    assert raised.confidence == TALK
    assert own.muttered
    (over,) = said(rule, window(8 + CLEAR_S, CLEAR_S, QUIET))
    assert over.evidence["speech_seconds_bound"] == 3.0
    assert (own.muttered, len(own.muttering.parts)) == (False, 0)


# What fails


def failing(settings: Settings = SETTINGS) -> tuple[Failures, FailuresState]:
    state = FailuresState()
    return Failures(settings, state), state


def limits(*said: str, **more: Any) -> dict[str, Any]:
    plain = {"failed_tasks": [], "left_out": [], "lowest_level": 4, "node_late_seconds": 0.0}
    return {"limits": [*said], **plain, **more}


def test_a_task_fails_until_its_next_value() -> None:
    rule, state = failing()
    assert rule.judge(frame(0, faces=ONE)) == NO
    failed = limits("faces failed", failed_tasks=["faces"])
    assert rule.judge(frame(1, failed=("faces",))) == Judgement(True, 1.0, failed)
    assert state.since_s == {"faces": 1}
    both = limits("faces failed", "head failed", failed_tasks=["faces", "head"])
    assert rule.judge(frame(2, failed=("head", "faces"))) == Judgement(True, 1.0, both)
    assert state.since_s == {"faces": 1, "head": 2}
    assert rule.judge(frame(3, picture=None)) == UNKNOWN
    assert rule.judge(frame(4, faces=())) == UNKNOWN
    assert state.since_s == {"head": 2}
    worked = replace(frame(5), head=frame(0).head)
    assert rule.judge(worked) == UNKNOWN
    state.since_s.clear()
    assert rule.judge(worked) == NO


def test_what_a_level_leaves_out_and_a_level_too_low_are_limits() -> None:
    rule, _ = failing(replace(SETTINGS, lowest_level=1))
    left_out = rule._left_out[3]
    assert left_out
    assert rule.judge(replace(frame(0), level=1)) == NO
    said = rule.judge(replace(frame(1), level=3))
    expected = limits(
        "on level L3; this exam accepts none below L1",
        *(f"{look} is left out on level L3" for look in left_out),
        left_out=[*left_out],
        lowest_level=1,
    )
    assert said == Judgement(True, 1.0, expected)


def test_a_look_that_the_level_leaves_out_is_a_limit_by_itself() -> None:
    rule, _ = failing()
    (left_out,) = {tuple(rule._left_out[2])}
    said = rule.judge(replace(frame(1), level=2))
    expected = limits(*(f"{look} is left out on level L2" for look in left_out), left_out=[*left_out])
    assert said == Judgement(True, 1.0, expected)


def test_a_node_is_late_until_it_has_been_on_time_for_a_while() -> None:
    rule, state = failing()
    rule.late(10.0, 2.5)
    rule.late(11.0, 1.0)
    assert (state.late_from_s, state.late_until_s, state.late_s) == (7.5, 11.0 + RECOVERED_S, 2.5)
    late = limits("the node was 2.5 s late", node_late_seconds=2.5)
    at = 11.0 + RECOVERED_S
    assert rule.judge(frame(at - 0.1)) == Judgement(True, 1.0, late, 7.5)
    assert rule.judge(replace(frame(at), picture=None)) == UNKNOWN
    assert rule.judge(frame(at + 0.1)) == NO
    rule.late(50.0, 0.75)
    assert (state.late_from_s, state.late_s) == (49.25, 0.75)


def test_a_look_without_a_result_is_told_with_its_last_reason_until_it_has_one() -> None:
    state = UnjudgedState()
    rule = Unjudged(state)

    def judged(*reasons: tuple[str, str], **seen: Any) -> Judgement:
        return rule.judge(replace(frame(1, **seen), not_judged=tuple(NotJudged(*each) for each in reasons)))

    assert judged(faces=ONE) == NO
    assert judged(("liveness", "no colour")) == Judgement(True, 1.0, {"not_judged": ["liveness: no colour"]})
    said = judged(("liveness", "blurred"), ("gaze", "eyes hidden"))
    assert said == Judgement(True, 1.0, {"not_judged": ["gaze: eyes hidden", "liveness: blurred"]})
    assert judged(faces=ONE) == UNKNOWN
    assert rule.judge(replace(frame(2), liveness=0.5)) == UNKNOWN
    assert set(state.reasons) == {"gaze"}
    state.reasons.clear()
    state.reasons["head"] = "hidden"
    assert rule.judge(replace(frame(3), head=None)) == UNKNOWN


# Unwatched time


def test_unwatched_time_is_split_over_the_parts_of_the_minute() -> None:
    total, parts = Seconds(), deque[Any](maxlen=MAX_PARTS)
    count(total, parts, 12.0, Seconds(4.0, 2.0, 1.0))
    assert total == Seconds(4.0, 2.0, 1.0)
    assert list(parts) == [(1, 2.857, 1.429, 0.714), (2, 1.143, 0.571, 0.286)]
    count(total, parts, 14.0, Seconds(node=1.0))
    assert list(parts)[1:] == [(2, 1.143, 0.571, 1.286)]
    assert total == Seconds(4.0, 2.0, 2.0)


def test_time_of_an_older_part_goes_to_the_last_one() -> None:
    total, parts = Seconds(), deque[Any](maxlen=MAX_PARTS)
    count(total, parts, 22.0, Seconds(gaps=1.0))
    count(total, parts, 10.0, Seconds(gaps=0.5))
    assert list(parts) == [(4, 1.5, 0.0, 0.0)]


def test_of_a_long_time_only_the_last_minute_is_kept_in_parts() -> None:
    total, parts = Seconds(), deque[Any](maxlen=MAX_PARTS)
    count(total, parts, 200.0, Seconds(gaps=150.0))
    assert (total.gaps, len(parts), parts[0][0], parts[-1][0]) == (150.0, 12, 28, 39)
    assert sum(part[1] for part in parts) == 60.0


def test_the_last_minute_is_of_whole_parts() -> None:
    parts = [(number, 1.0, 0.5, 0.25) for number in range(20)]
    assert recent(parts, 75.0) == Seconds(16.0, 8.0, 4.0)
    assert recent(parts, 74.9) == Seconds(17.0, 8.5, 4.25)
    assert recent([], 75.0).total == 0.0
    assert Seconds(1.0, 2.0, 4.0).total == 7.0


def test_causes_are_told_from_a_twentieth_of_a_second_on() -> None:
    assert told(FACE, Seconds(0.05, 0.04, 2.0)) == [
        "face: nothing arrived for 0.1 s",
        "face: the node did not look as required for 2.0 s",
    ]
    assert told(SOUND, Seconds(damaged=1.25)) == [
        "sound: what arrived was damaged, dark, frozen or silent for 1.2 s"
    ]


def watching(**policy: Any) -> tuple[Watched, WatchedState]:
    state = WatchedState()
    return Watched(monitor_settings(parse_policy(policy)), state), state


def see(rule: Watched, at: float, *, arrives: bool = True, **seen: Any) -> None:
    rule.see(frame(at, **seen), at, arrives=arrives, shows=True)


def test_a_look_reaches_a_second_and_a_frame_more_is_no_hole() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE)
    see(rule, 1.07, faces=ONE)
    assert state.kinds[FACE].seconds.total == 0.0
    see(rule, 2.2, faces=ONE)
    assert state.kinds[FACE].seconds.total == pytest.approx(0.13)
    assert set(rule.seconds(2.2)) == {FACE}


def test_time_without_a_look_counts_only_after_a_while_or_at_the_next() -> None:
    rule, _ = watching()
    see(rule, 0.0, faces=ONE)
    assert [rule.seconds(at)[FACE] for at in (3.0, 3.01)] == [0.0, pytest.approx(2.01)]


def test_causes_of_a_hole_are_what_arrived_meanwhile() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE, body=body(shoulders=True))
    for at in (0.5, 1.0):
        rule.see(arrival(at), at, arrives=True, shows=True)
    rule.see(replace(arrival(1.5), damaged=True), 1.5, arrives=True, shows=True)
    rule.see(replace(arrival(2.0), damaged=True), 2.0, arrives=True, shows=True)
    rule.see(arrival(5.0), 5.0, arrives=True, shows=True)
    see(rule, 7.0, arrives=False, faces=ONE)
    assert state.pictures.gaps_s == 3.0
    assert state.pictures.damaged_s == 1.0
    assert state.kinds[FACE].seconds == Seconds(gaps=3.0, damaged=1.0, node=2.0)
    assert rule.seconds(7.0) == {FACE: 6.0, BODY: 6.0}
    see(rule, 7.5, faces=ONE)
    assert (state.kinds[FACE].seconds.total, state.kinds[FACE].gaps_s, state.kinds[FACE].damaged_s) == (
        6,
        5.5,
        1,
    )


def test_a_failed_look_is_expected_but_not_done() -> None:
    rule, state = watching()
    see(rule, 1.0, failed=("faces",))
    assert (state.kinds[FACE].met, state.kinds[FACE].looked_s, state.kinds[BODY].met) == (True, 1.0, False)
    see(rule, 9.0, failed=("faces",))
    assert (state.kinds[FACE].looked_s, rule.seconds(9.0)) == (1.0, {FACE: 7.0})


def test_a_late_node_takes_the_time_of_what_waited() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE)
    rule.late(4.0)
    rule.late(1.0)
    assert (state.pictures.late_s, state.sound.late_s) == (5.0, 5.0)
    see(rule, 6.0, faces=ONE)
    assert state.kinds[FACE].seconds == Seconds(node=5.0)
    assert (state.pictures.late_s, state.sound.late_s) == (0.0, 5.0)
    see(rule, 12.5, faces=ONE)
    assert state.kinds[FACE].seconds == Seconds(gaps=5.5, node=5.0)


def test_a_pause_is_the_nodes_own_beyond_the_reach_of_the_last_look() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE)
    rule.late(1.0)
    rule.pause(11.0)
    assert state.kinds[FACE].seconds == Seconds(node=10.0)
    assert (state.kinds[FACE].looked_s, state.pictures.arrived_s, state.pictures.late_s) == (11.0, 11.0, 0.0)
    assert (state.sound.arrived_s, state.kinds[BODY].looked_s) == (None, None)
    rule.pause(5.0)
    assert (state.kinds[FACE].looked_s, state.pictures.arrived_s) == (11.0, 11.0)
    assert rule.seconds(11.0) == {FACE: 10.0}


def test_a_session_that_ends_expects_no_more_looks() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE)
    rule.close(5.0)
    assert (state.kinds[FACE].looked_s, rule.seconds(50.0)) == (None, {FACE: 4.0})


def heard(at: float, lost: float = 0.0, level: int = 1) -> Observation:
    return replace(window(at, 1.0, QUIET, lost=lost), level=level)


def test_sound_is_heard_from_the_start_of_its_window_unless_most_of_it_is_lost() -> None:
    rule, state = watching()
    rule.hear(heard(1.0))
    assert (state.sound.arrived_s, state.kinds[SOUND].looked_s) == (1.0, 1.0)
    rule.hear(heard(3.5, lost=0.5))
    assert state.kinds[SOUND].seconds == Seconds(gaps=0.5)
    rule.hear(heard(4.5, lost=0.51))
    assert (state.kinds[SOUND].looked_s, state.sound.damaged_s, state.sound.arrived_s) == (3.5, 1.0, 4.5)


def test_a_microphone_that_is_silent_makes_sound_expected_and_missing_sound_does_not() -> None:
    rule, state = watching()
    rule.hear(sound(1.0))
    assert not state.kinds[SOUND].met
    rule.hear(sound(2.0, microphone_silent=False))
    assert (state.kinds[SOUND].met, state.kinds[SOUND].looked_s) == (True, 2.0)
    rule.hear(sound(3.0, microphone_silent=True))
    assert (state.kinds[SOUND].looked_s, state.sound.arrived_s) == (2.0, None)
    failed, own = watching()
    failed.hear(sound(4.0, failed=("speech",)))
    assert (own.kinds[SOUND].met, own.kinds[SOUND].looked_s, own.sound.arrived_s) == (True, 4.0, 4.0)


def test_a_level_that_leaves_a_kind_out_ends_its_looks_and_another_begins_them_again() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE, body=body(shoulders=True))
    rule.see(replace(frame(3.0, faces=ONE), level=2), 3.0, arrives=True, shows=True)
    assert (state.kinds[BODY].looked_s, state.kinds[BODY].seconds.total, state.level) == (None, 2.0, 2)
    assert state.kinds[FACE].looked_s == 3.0
    rule.see(replace(frame(9.0, faces=ONE), level=1), 9.0, arrives=True, shows=True)
    assert (state.kinds[BODY].looked_s, rule.seconds(10.0)[BODY]) == (9.0, 2.0)


def test_a_level_is_followed_by_what_is_heard_too() -> None:
    rule, state = watching()
    rule.hear(heard(1.0))
    rule.hear(heard(2.0, level=1))
    assert state.kinds[SOUND].looked_s == 2.0
    rule.hear(sound(3.0, microphone_silent=False))
    rule.hear(replace(sound(4.0), level=4))
    assert (state.level, state.kinds[SOUND].looked_s) == (4, None)


def test_a_kind_that_is_met_later_does_not_have_the_gaps_before_it() -> None:
    rule, state = watching()
    see(rule, 0.0, faces=ONE)
    see(rule, 10.0, faces=ONE, body=body(shoulders=True))
    assert (state.kinds[BODY].gaps_s, state.kinds[BODY].seconds.total) == (10.0, 0.0)
    see(rule, 13.0, body=body(shoulders=True))
    assert state.kinds[BODY].seconds == Seconds(gaps=2.0)


def test_unwatched_is_judged_once_a_second_by_the_worst_kind() -> None:
    rule, _ = watching()
    bound = SETTINGS.rules[EventType.UNWATCHED].threshold
    assert bound is not None
    see(rule, 0.0, faces=ONE)
    assert rule.judge(0.0) == NO
    assert rule.judge(0.9) == UNKNOWN
    assert rule.judge(1.0) == NO
    edge_s = 60 * bound + 1
    assert rule.judge(edge_s) == NO
    said = rule.judge(edge_s + 1.2)
    assert said.value
    assert said.evidence == {
        "unwatched_share": round((edge_s + 0.2) / 60, 3),
        "unwatched_share_bound": bound,
        "window_seconds": 60.0,
        "unwatched": [f"face: nothing arrived for {edge_s + 0.2:.1f} s"],
    }


def test_frames_that_wait_unseen_are_the_nodes_own_until_none_has_come_for_a_second() -> None:
    for last_s, silent in ((10.0, False), (9.9, True)):
        rule, _ = watching()
        see(rule, 0.0, faces=ONE)
        for number in range(1, 20):
            rule.see(arrival(number / 2), number / 2, arrives=True, shows=True)
        rule.see(arrival(last_s), last_s, arrives=True, shows=True)
        lines = rule.judge(11.0).evidence["unwatched"]
        expected = ["face: nothing arrived for 1.1 s", "face: the node did not look as required for 8.9 s"]
        assert lines == (expected if silent else ["face: the node did not look as required for 10.0 s"])


def test_the_share_is_told_with_three_places() -> None:
    rule, _ = watching()
    see(rule, 0.0, faces=ONE)
    assert rule.judge(21.04).evidence["unwatched_share"] == 0.334


def test_a_snapshot_of_other_kinds_is_refused() -> None:
    state = WatchedState()
    Watched(SETTINGS, state)
    with pytest.raises(ValueError, match="other kinds"):
        Watched(monitor_settings(parse_policy({"features": {"pose_analysis": False}})), state)
