"""What a rule remembers of its first event, of a gap or of a hand-over must not reach into the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding, Phase
from edge.rules.fusion import Fusion, FusionState
from edge.rules.gaze import Gaze, GazeState
from edge.rules.head import Movement, MovementState
from edge.rules.hold import Hold
from edge.rules.monitor import Monitor
from edge.rules.settings import Zone
from shared.events.types import EventType
from shared.observations import GazeSeen, Observation
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import (
    ONE,
    arrival,
    check,
    every,
    eyes,
    frame,
    head,
    heard,
    moved,
    play,
    usual,
    windows,
)

SETTINGS = monitor_settings(Policy())
ZONE = Zone(min_pitch_deg=-25, max_pitch_deg=15, min_yaw_deg=-30, max_yaw_deg=30)
RAISED, CLEARED = Phase.RAISED, Phase.CLEARED
TALK, QUIET = 0.95, 0.02


def of(event: EventType, observations: list[Observation], subject: Monitor | None = None) -> list[Finding]:
    return [each for each in play(subject or Monitor(SETTINGS), observations) if each.event is event]


def checks(*similarities: float) -> list[Observation]:
    """One check a second among frames that are not analysed."""
    looks = [frame(float(at), faces=ONE, identity=check(value)) for at, value in enumerate(similarities)]
    between = [arrival(at + number / 5) for at in range(len(similarities)) for number in range(1, 5)]
    return sorted([*looks, *between], key=lambda each: each.at)


def test_mismatches_of_a_former_event_do_not_count_towards_the_next() -> None:
    over = [0.5] * 4 + [0.9] * 3
    first = of(EventType.FACE_MISMATCH, checks(*over, 0.5, 0.9, *[0.5] * 3, 0.9))
    assert [each.phase for each in first] == [RAISED, CLEARED]
    second = of(EventType.FACE_MISMATCH, checks(*over, *[0.5] * 4))
    assert [each.phase for each in second] == [RAISED, CLEARED, RAISED]
    assert second[2].onset_s == 7.0
    assert second[2].evidence["consecutive_mismatches"] == 4
    assert second[2].evidence["frames_looked_at"] == 4


def test_matches_of_a_former_event_do_not_count_towards_the_next_end() -> None:
    found = of(EventType.FACE_MISMATCH, checks(*[0.5] * 4, *[0.9] * 3, *[0.5] * 4, *[0.9] * 2))
    assert [each.phase for each in found] == [RAISED, CLEARED, RAISED]


def test_mismatches_go_on_over_save_and_restore() -> None:
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    story = checks(*[0.5] * 4)
    assert of(EventType.FACE_MISMATCH, story[:12], first) == []
    second.restore(first.snapshot())
    assert [each.onset_s for each in of(EventType.FACE_MISMATCH, story[12:], second)] == [0.0]


def test_what_a_former_event_was_told_together_with_is_not_said_of_the_next() -> None:
    both = every(35, 42, replace(frame(0, faces=ONE), head=head(0, 60), gaze=eyes(-5, 60)))
    honest = every(42, 60, replace(frame(0, faces=ONE), head=head(), gaze=eyes(-5, 0)))
    alone = every(60, 67, replace(frame(0, faces=ONE), head=head(0, 60), gaze=eyes(-5, 0)))
    story = [*usual(35), *both, *honest, *alone]
    found = of(EventType.HEAD_TURNED_AWAY, story)
    gaze = EventType.GAZE_OFF_SCREEN
    assert [(each.phase, each.together_with) for each in found] == [
        (RAISED, gaze), (CLEARED, gaze), (RAISED, None)]  # fmt: skip


def gazing(at: float, gaze: GazeSeen) -> Observation:
    return replace(frame(at, faces=ONE), gaze=gaze)


def glance(gaze: Gaze, from_s: float, to_s: float, look: GazeSeen) -> None:
    at = from_s
    while at < to_s + 1e-9:
        gaze.see(gazing(at, look), ZONE)
        at += 0.2


def test_a_glance_after_a_gap_is_one_of_its_own_and_is_counted() -> None:
    state = GazeState()
    gaze = Gaze(SETTINGS, state)
    glance(gaze, 0, 1.4, eyes(-5, 60))
    glance(gaze, 10, 11.4, eyes(-5, 60))
    assert list(state.episodes) == [0.0, 10.0]


def test_a_glance_is_not_counted_over_a_gap() -> None:
    state = GazeState()
    gaze = Gaze(SETTINGS, state)
    glance(gaze, 0, 0.6, eyes(-5, 60))
    glance(gaze, 10, 10.6, eyes(-5, 60))
    assert list(state.episodes) == []
    assert gaze.run is not None
    assert gaze.run[0] == 10.0


def test_a_quick_turn_after_a_gap_is_one_of_its_own() -> None:
    state = MovementState()
    movement = Movement(SETTINGS, state)
    for begins_s in (0.0, 5.0, 10.0):
        for number in range(5):  # 90 degrees a second to the end; then nobody looks
            pose = head(0, 30.0 * number)
            movement.judge(replace(frame(begins_s + number / 3, faces=ONE), head=pose))
    assert [at for at, _ in state.turns] == [pytest.approx(begins_s) for begins_s in (0.0, 5.0, 10.0)]


def fused(fusion: Fusion, at: float) -> Phase | None:
    finding = fusion.see(at)
    return None if finding is None else finding.phase


def test_what_is_fused_is_raised_once_and_the_next_begins_after_it() -> None:
    terms = [{"event": "FACE_MISMATCH", "more_than_checks": 1}, {"event": "VOICE_DETECTED"}]
    settings = monitor_settings(parse_policy({"fusion": {"window_s": 10, "terms": terms}}))
    fusion = Fusion(settings, FusionState())
    fusion.note(EventType.VOICE_DETECTED, 0.0, 8.0)
    for at in (1.0, 2.0):
        fusion.note(EventType.FACE_MISMATCH, at, at)
    assert fused(fusion, 2.0) is RAISED
    fusion.note(EventType.FACE_MISMATCH, 3.0, 3.0)
    assert [fused(fusion, at) for at in (3.0, 5.0)] == [None, None]
    assert fused(fusion, 13.5) is CLEARED  # one check is left in the window, and voice until 8 s
    fusion.note(EventType.FACE_MISMATCH, 14.0, 14.0)
    fusion.note(EventType.FACE_MISMATCH, 15.0, 15.0)
    second = fusion.see(15.0)
    assert second is not None
    assert (second.phase, second.onset_s) == (RAISED, 13.5)


def test_paused_time_of_one_wait_does_not_leak_into_the_next() -> None:
    hold = Hold(hold_s=3, clear_s=2, max_gap_s=4)
    hold.see(0, True)
    hold.pause(6)
    hold.see(6.5, False)
    assert [hold.see(at, True) for at in (7, 9, 9.9, 10.0)] == [None, None, None, RAISED]
    hold.pause(20)
    assert [hold.see(at, False) for at in (20.5, 22, 22.5)] == [None, None, CLEARED]
    hold.pause(30)
    assert [hold.see(at, True) for at in (31, 33, 34)] == [None, None, RAISED]


def test_unseen_time_of_one_event_is_not_that_of_the_next() -> None:
    hold = Hold(hold_s=1, clear_s=1, max_gap_s=2)
    for at, value in ((0, True), (1, True), (9, True), (10, False), (11, False), (12, True)):
        hold.see(at, value)
    assert hold.unseen_s == 0.0


def test_speech_before_a_hand_over_counts_with_that_after_it() -> None:
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    assert of(EventType.VOICE_DETECTED, windows(0, 1.536, TALK), first) == []
    second.restore(first.snapshot(), resumed_s=21.536)
    after = [moved(each, 21.536) for each in windows(0, 1.024, TALK)]
    (raised,) = of(EventType.VOICE_DETECTED, after, second)
    assert raised.onset_s == 0.0


def test_a_hand_over_is_no_silence_of_a_raised_voice() -> None:
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    assert len(of(EventType.VOICE_DETECTED, windows(0, 3.072, TALK), first)) == 1
    second.restore(first.snapshot(), resumed_s=23.072)
    quiet = [moved(each, 23.072) for each in windows(0, 4.096, QUIET)]
    (cleared,) = of(EventType.VOICE_DETECTED, quiet, second)
    assert cleared.evidence.get("unseen_seconds") is None


def test_losses_with_speech_between_them_do_not_add_up() -> None:
    lost, talk = [QUIET] * 16, [TALK] * 16
    parts = [talk, *[lost] * 6, talk, *[lost] * 6, talk, talk]
    story = [
        heard(0.512 * (1 + number), each, lost_share=1.0 if each is lost else 0.0)
        for number, each in enumerate(parts)
    ]
    (raised,) = of(EventType.VOICE_DETECTED, story)
    assert raised.onset_s == 0.0


def test_a_second_voice_after_the_first_has_its_own_seconds() -> None:
    story = [*windows(0, 3.072, TALK), *windows(3.072, 8.192, QUIET), *windows(8.192, 11.264, TALK)]
    found = of(EventType.VOICE_DETECTED, story)
    assert [each.phase for each in found] == [RAISED, CLEARED, RAISED]
    assert found[2].evidence["speech_seconds"] == pytest.approx(2.016)
    assert found[2].onset_s == pytest.approx(8.192)
