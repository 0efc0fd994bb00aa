"""What one observation says of each condition: yes, no or unknown, and all values that were compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules import sounds
from edge.rules.boxes import common_share, distinct_faces, followed, overlap
from edge.rules.company import Present
from edge.rules.conditions import (
    camera_blocked,
    face_not_found,
    face_share,
    left_frame,
    multiple_faces,
    presence_loss,
)
from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.head import head_down, head_turned_away
from edge.rules.liveness import MAX_AGE_S, Liveness, LivenessState
from shared.events.types import EventType
from shared.observations import (
    Box,
    FaceSeen,
    Observation,
    PhraseHeard,
    PictureSeen,
    SoundHeard,
    SpeakersHeard,
)
from shared.policy.schema import parse_policy
from tests.support.observations import ONE, body, face, frame, head, sound, window

SETTINGS = monitor_settings(
    parse_policy(
        {
            "features": {"speech_transcription": True},
            "phrases": ["Number Seven"],
            "rules": {
                "HEAD_DOWN": {"threshold": 30.0},
                "HEAD_TURNED_AWAY": {"threshold": 40.0},
                "PRESENCE_LOSS": {"threshold": 0.25},
                "PRESENTATION_ATTACK": {"enabled": True},
            },
        }
    )
)
DARK, FLAT = SETTINGS.blocked_mean_luma, SETTINGS.blocked_luma_variance


def yes(sure: Any, evidence: Any, since_s: float | None = None, until_s: float | None = None) -> Judgement:
    """`sure` may be an approximation."""
    return Judgement(True, sure, evidence, since_s, until_s)


def lit(mean_luma: float, luma_variance: float) -> Observation:
    return frame(0, picture=PictureSeen(mean_luma=mean_luma, luma_variance=luma_variance, change=None))


def blocked(mean_luma: float, luma_variance: float) -> Judgement:
    evidence = {
        "mean_luma": round(mean_luma, 1),
        "mean_luma_bound": DARK,
        "luma_variance": round(luma_variance, 1),
        "luma_variance_bound": FLAT,
    }
    return yes(1.0, evidence)


@pytest.mark.parametrize(
    ("seen", "judged"),
    [
        (frame(0, picture=None), UNKNOWN),
        (lit(DARK, FLAT), NO),
        (lit(DARK - 0.06, FLAT), blocked(DARK - 0.06, FLAT)),
        (lit(DARK, FLAT - 0.06), blocked(DARK, FLAT - 0.06)),
        (lit(0.0, 0.0), blocked(0.0, 0.0)),
    ],
)
def test_a_blocked_camera_is_dark_or_uniform(seen: Observation, judged: Judgement) -> None:
    assert camera_blocked(seen, SETTINGS) == judged


@pytest.mark.parametrize(
    ("seen", "judged"),
    [
        (frame(0), UNKNOWN),
        (frame(0, faces=ONE), NO),
        (frame(0, faces=()), yes(0.8, {"faces": 0})),
        (frame(0, faces=(), body=body(True)), yes(pytest.approx(0.65), {"faces": 0})),
        (frame(0, faces=(), body=body(False)), yes(pytest.approx(0.95), {"faces": 0})),
    ],
)
def test_no_face_is_surer_without_a_body(seen: Observation, judged: Judgement) -> None:
    assert face_not_found(seen) == judged


def present(*people: FaceSeen, undecided: int = 0) -> Present:
    return Present(
        own=None,
        faces=people,
        counted=people,
        people=people,
        undecided=(Box(0, 0, 9, 9),) * undecided,
        pictures=(),
        since_s=1.5,
    )


@pytest.mark.parametrize(
    ("seen", "value"),
    [
        (present(), False),
        (present(*ONE), False),
        (present(undecided=1), False),
        (present(*ONE, undecided=1), None),
        (present(undecided=2), None),
    ],
)
def test_faces_that_have_not_moved_yet_are_no_second_person(seen: Present, *, value: bool | None) -> None:
    assert multiple_faces(seen, SETTINGS) == Judgement(value)


def test_of_many_faces_the_second_tells_how_sure_it_is_and_eight_are_listed() -> None:
    faces = [face(100, 0.99 - number / 1_000) for number in range(9)]
    evidence = {
        "faces": 9,
        "scores": [0.99, 0.989, 0.988, 0.987, 0.986, 0.985, 0.984, 0.983],
        "score_bound": SETTINGS.company.min_score,
        "min_face_px": SETTINGS.company.min_face_px,
    }
    assert multiple_faces(present(*faces), SETTINGS) == yes(0.989, evidence, 1.5)


def test_a_face_is_lost_when_it_is_much_smaller_than_usual() -> None:
    own, seen = face(160, 0.9), frame(0, faces=ONE)
    share = 160 * 160 / (640 * 480)
    assert face_share(seen, own) == share
    for width_px, height_px in ((None, 480), (640, None), (0, 480), (640, 0)):
        unsized = replace(seen, frame_width_px=width_px, frame_height_px=height_px)
        assert face_share(unsized, own) is None
        assert presence_loss(unsized, own, SETTINGS, share) == UNKNOWN
    assert face_share(seen, None) is None
    assert presence_loss(seen, None, SETTINGS, share) == UNKNOWN
    assert presence_loss(seen, own, SETTINGS, None) == UNKNOWN
    assert presence_loss(seen, own, SETTINGS, 4 * share) == NO
    evidence = {
        "face_share_of_frame": round(share, 5),
        "baseline_share_of_frame": round(5 * share, 5),
        "share_of_baseline": 0.2,
        "share_of_baseline_bound": 0.25,
    }
    assert presence_loss(seen, own, SETTINGS, 5 * share) == yes(0.9, evidence)


def near(y_px: float, height_px: float) -> FaceSeen:
    return FaceSeen(Box(100, y_px, 80, height_px), 0.9)


@pytest.mark.parametrize(
    ("seen", "sure"),
    [
        (frame(0), None),
        (frame(0, body=body(True)), False),
        (frame(0, body=body(False, 3, 0.9)), 0.9),
        (frame(0, body=body(False, 3, 0.2)), 0.8),
        (frame(0, faces=(near(200, 200),), body=body(False, 3, 0.9)), 0.9),  # its shoulders would be at 480
        (frame(0, faces=(near(201, 200),), body=body(False, 3, 0.9)), False),
        (frame(0, faces=(near(300, 50), near(100, 100)), body=body(False, 3, 0.9)), 0.9),
        (frame(0, faces=(near(440, 20), near(201, 200)), body=body(False, 3, 0.9)), False),
    ],
)
def test_who_has_no_shoulders_in_the_picture_has_left_unless_it_ends_above_them(
    seen: Observation, *, sure: float | bool | None
) -> None:
    judged = left_frame(seen, 7.5)
    if not isinstance(sure, float):
        assert judged == Judgement(sure)
        return
    assert seen.body is not None
    evidence = {"visible_keypoints": 3, "presence": seen.body.presence, "last_seen_pose": 7.5}
    assert judged == yes(pytest.approx(sure), evidence)


def posed(pitch_deg: float = 0.0, yaw_deg: float = 0.0) -> Observation:
    return replace(frame(0), head=head(pitch_deg, yaw_deg))


@pytest.mark.parametrize(
    ("pitch_deg", "sure"), [(-35.0, None), (-35.1, 0.503), (-42.5, 0.75), (-50.0, 1.0), (-80.0, 1.0)]
)
def test_a_head_is_down_when_it_is_far_below_usual(pitch_deg: float, sure: float | None) -> None:
    judged = head_down(posed(pitch_deg), SETTINGS, -5.0)
    if sure is None:
        assert judged == NO
        return
    evidence = {
        "pitch_below_usual_deg": round(-5.0 - pitch_deg, 1),
        "pitch_below_usual_deg_bound": 30.0,
        "usual_pitch_deg": -5.0,
    }
    assert judged == yes(pytest.approx(sure, abs=1e-3), evidence)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("turned_deg", "sure"), [(40.0, None), (50.0, 0.75), (60.0, 1.0), (90.0, 1.0)])
def test_a_head_turned_to_either_side_is_away(side: int, turned_deg: float, sure: float | None) -> None:
    judged = head_turned_away(posed(0, side * turned_deg), SETTINGS)
    evidence = {"turned_deg": turned_deg, "turned_deg_bound": 40.0, "yaw_deg": side * turned_deg}
    assert judged == (NO if sure is None else yes(sure, evidence))


def test_without_a_head_nothing_is_known_of_it() -> None:
    assert (head_down(frame(0), SETTINGS, 0.0), head_turned_away(frame(0), SETTINGS)) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("heard", "judged"),
    [
        (sound(1.0), UNKNOWN),
        (sound(1.0, speakers=SpeakersHeard(count=1, window_s=3.0)), NO),
        (
            sound(1.0, speakers=SpeakersHeard(count=2, window_s=3.0, confidence=0.7)),
            yes(0.7, {"speakers": 2, "window_seconds": 3.0}),
        ),
        (window(1.0, 0.49), NO),
        (window(1.0, 0.5), UNKNOWN),
        (window(1.0, 0.1, lost_share=0.1), UNKNOWN),
    ],
)
def test_a_second_voice_is_heard_or_a_quiet_window_has_none(heard: Observation, judged: Judgement) -> None:
    assert sounds.multiple_speakers(heard) == judged


BOUND = SETTINGS.threshold(EventType.AUDIO_ANOMALY)


@pytest.mark.parametrize(
    ("heard", "surest"),
    [
        ((), None),
        ((SoundHeard(kind="unlisted", score=1.0),), None),
        ((SoundHeard(kind="door", score=BOUND - 0.01),), None),
        ((SoundHeard(kind="door", score=BOUND),), ("door", BOUND)),
        (
            (SoundHeard(kind="door", score=BOUND + 0.01), SoundHeard(kind="typing", score=BOUND + 0.02)),
            ("typing", BOUND + 0.02),
        ),
    ],
)
def test_a_sound_of_the_list_counts_from_its_bound_and_the_surest_is_told(
    heard: tuple[SoundHeard, ...], surest: tuple[str, float] | None
) -> None:
    settings = replace(SETTINGS, sounds=frozenset({"door", "typing"}))
    judged = sounds.audio_anomaly(sound(2.0, sounds=heard), settings)
    if surest is None:
        assert judged == NO
        return
    evidence = {"class": surest[0], "score": round(surest[1], 3), "score_bound": BOUND}
    middle_s = 2.0 - 0.975 / 2
    assert judged == yes(surest[1], evidence, middle_s, middle_s)


def test_a_phrase_of_the_list_is_found_however_it_is_written() -> None:
    seven, other = PhraseHeard(phrase="number SEVEN", score=0.61234), PhraseHeard(phrase="eight", score=1.0)
    weaker = replace(seven, score=0.5)
    assert sounds.keyword_spoken(sound(0.0), SETTINGS) == UNKNOWN
    assert sounds.keyword_spoken(sound(0.0, phrases=(other,)), SETTINGS) == NO
    found = yes(0.61234, {"phrase": "number SEVEN", "score": 0.612})
    assert sounds.keyword_spoken(sound(0.0, phrases=(weaker, other, seven)), SETTINGS) == found


def test_a_microphone_is_muted_in_digital_silence_only() -> None:
    said = [sounds.microphone_muted(sound(0.0, microphone_silent=each)).value for each in (None, False, True)]
    assert said == [None, False, True]


def test_the_mean_of_the_last_checks_of_liveness_decides() -> None:
    settings = replace(SETTINGS, liveness_checks=3)
    bound = settings.threshold(EventType.PRESENTATION_ATTACK)
    liveness = Liveness(settings, LivenessState())

    def judged(at: float, score: float | None) -> Judgement:
        return liveness.judge(replace(frame(at), liveness=score))

    assert [judged(at, bound + 0.1).value for at in (0.0, 1.0)] == [None, None]
    assert judged(2.0, None) == UNKNOWN
    assert judged(3.0, bound - 0.1) == NO
    low = judged(4.0, bound - 0.2)
    below = 0.2 / 3
    evidence = {"mean_liveness": round(bound - below, 3), "mean_liveness_bound": bound, "checks": 3}
    assert low == yes(pytest.approx(0.5 + 0.5 * below / bound), evidence, 3.0)
    assert judged(4.0 + MAX_AGE_S + 1.0, 0.0) == UNKNOWN  # the others are too old


@pytest.mark.parametrize(
    ("other", "of_smaller", "of_union"),
    [
        (Box(0, 0, 10, 10), 1.0, 1.0),
        (Box(5, 0, 10, 10), 0.5, 1 / 3),
        (Box(0, 5, 10, 20), 0.5, 50 / 250),
        (Box(2, 2, 5, 5), 1.0, 0.25),
        (Box(10, 0, 10, 10), 0.0, 0.0),
        (Box(0, 10, 10, 10), 0.0, 0.0),
        (Box(0, 20, 10, 10), 0.0, 0.0),
        (Box(20, 0, 10, 10), 0.0, 0.0),
        (Box(20, 20, 10, 10), 0.0, 0.0),  # two negative sides are no common area
        (Box(5, 5, 0, 0), 0.0, 0.0),
    ],
)
def test_boxes_have_a_share_in_common(other: Box, of_smaller: float, of_union: float) -> None:
    box = Box(0, 0, 10, 10)
    for one, two in ((box, other), (other, box)):
        assert common_share(one, two) == of_smaller
        assert overlap(one, two) == pytest.approx(of_union)


def test_a_face_found_twice_is_one_and_the_surer_stays() -> None:
    one, twice, beside = face(100, 0.8), face(98, 0.9), face(100, 0.7, x_px=250)
    assert distinct_faces([one, twice, beside]) == [twice, beside]  # half of the last is in common


def test_a_face_is_followed_into_the_box_that_overlaps_most() -> None:
    last, close, far = face(100).box, face(100, x_px=210), face(100, x_px=400)
    assert followed(None, [close]) is None
    assert followed(last, []) is None
    assert followed(last, [far]) is None
    assert followed(last, [face(100, x_px=240), close, far]) is close
    assert followed(last, [face(100, x_px=254)]) is None  # 46 of 154
