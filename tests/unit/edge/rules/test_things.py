"""People, things, hands, liveness and the camera itself: each true one found beside its innocent twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.observations import Box, HandsSeen, ObjectSeen, Observation, PersonsSeen
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import (
    BLACK,
    LIGHT,
    ONE,
    arrival,
    body,
    check,
    every,
    eyes,
    frame,
    lines,
    play,
    streamed,
)

HONEST = frame(0, faces=ONE, identity=check(0.9))
FROZEN = replace(LIGHT, change=0.0)
ASKING = parse_policy(
    {"rules": {name: {"enabled": True} for name in ("PHONE_VISIBLE", "BOOK_VISIBLE", "PRESENTATION_ATTACK")}}
)


def things(*kinds: tuple[str, float]) -> tuple[ObjectSeen, ...]:
    return tuple(ObjectSeen(kind=kind, score=score, box=Box(10, 10, 40, 80)) for kind, score in kinds)


def hands(ratio: float | None) -> HandsSeen:
    return HandsSeen(to_ear_head_widths=ratio)


def persons(count: int) -> PersonsSeen:
    return PersonsSeen(count=count, score=0.8)


def found(*stretches: list[Observation], policy: Policy | None = None) -> list[tuple[str, str, float]]:
    monitor = Monitor(monitor_settings(policy or Policy()))
    return lines(play(monitor, [each for stretch in stretches for each in stretch]))


def while_(start_s: float, end_s: float, **seen: Any) -> list[Observation]:
    return every(start_s, end_s, replace(HONEST, **seen))


@pytest.mark.parametrize(
    ("event", "there", "gone", "hold_s"),
    [
        ("MULTIPLE_PERSONS", {"persons": persons(2)}, {"persons": persons(1)}, 3),
        ("PHONE_VISIBLE", {"objects": things(("phone", 0.7))}, {"objects": ()}, 2),
        ("BOOK_VISIBLE", {"objects": things(("book", 0.6))}, {"objects": ()}, 2),
        ("HAND_NEAR_EAR", {"hands": hands(0.4)}, {"hands": hands(None)}, 4),
        ("CAMERA_FROZEN", {"picture": FROZEN}, {"picture": LIGHT}, 10),
    ],
)
def test_what_lasts_longer_than_its_hold_is_found_and_what_does_not_is_not(
    event: str, there: Mapping[str, Any], gone: Mapping[str, Any], hold_s: float
) -> None:
    before, after = while_(0, 5, **gone), while_(5 + hold_s + 2, 25, **gone)
    during = while_(5, 5 + hold_s + 2, **there)
    assert found(before, during, after, policy=ASKING) == [
        (event, "raised", 5.0), (event, "cleared", 5.0 + hold_s + 2)]  # fmt: skip
    short = while_(5, 5 + hold_s - 0.4, **there)
    assert found(before, short, while_(5 + hold_s - 0.4, 25, **gone), policy=ASKING) == []


@pytest.mark.parametrize(
    "seen",
    [
        {"persons": persons(0)},
        {"persons": persons(1)},
        {"objects": things(("phone", 0.4), ("book", 0.3), ("laptop", 0.99))},
        {"hands": hands(0.7)},
        {"hands": hands(None)},
        {"picture": replace(LIGHT, change=0.3)},
        {"liveness": 0.9},
    ],
)
def test_what_is_none_of_it_raises_nothing(seen: Mapping[str, Any]) -> None:
    assert found(while_(0, 40, **seen), policy=ASKING) == []


def test_a_phone_or_a_book_is_not_reported_where_nobody_asked() -> None:
    assert found(while_(0, 30, objects=things(("phone", 0.9), ("book", 0.9)))) == []


def scores(start_s: float, end_s: float, score: float) -> list[Observation]:
    """Liveness once a second among honest looks."""
    looks = while_(start_s, end_s)
    return [replace(o, liveness=score) if n % 5 == 0 else o for n, o in enumerate(looks)]


def test_a_face_that_does_not_seem_alive_is_found_after_ten_seconds_since_it_appeared() -> None:
    monitor = Monitor(monitor_settings(ASKING))
    said = play(monitor, [*scores(0, 20, 0.95), *scores(20, 40, 0.05)])
    (raised,) = [f for f in said if f.event != "CALIBRATED"]
    assert (raised.event, raised.onset_s) == ("PRESENTATION_ATTACK", 20.0)
    assert raised.at_s <= 31.5
    assert raised.evidence["checks"] == 10


def test_a_few_low_scores_raise_nothing() -> None:
    few = (scores(0, 20, 0.95), scores(20, 24, 0.05), scores(24, 60, 0.95))
    assert found(*few, policy=ASKING) == []
    assert found(scores(0, 60, 0.25), policy=ASKING) == []


def test_whether_a_face_is_alive_is_not_judged_where_nobody_asked() -> None:
    assert found(scores(0, 60, 0.05)) == []


def test_a_frozen_picture_hides_face_and_body_and_is_no_absence() -> None:
    gone = {"picture": FROZEN, "faces": (), "identity": None, "body": body(shoulders=False)}
    still = while_(5, 20, picture=FROZEN)
    assert found(while_(0, 5), still, while_(20, 60, **gone)) == [("CAMERA_FROZEN", "raised", 5.0)]


def test_a_black_picture_is_blocked_and_not_frozen() -> None:
    assert {line[0] for line in found(while_(0, 30, picture=BLACK))} == {"CAMERA_BLOCKED"}


def test_while_the_camera_is_blocked_nothing_is_said_of_gaze_people_or_things() -> None:
    seen = {
        "persons": persons(3),
        "objects": things(("phone", 0.9)),
        "hands": hands(0.1),
        "gaze": eyes(0, 80),
    }
    assert {line[0] for line in found(while_(0, 60, picture=BLACK, **seen), policy=ASKING)} == {
        "CAMERA_BLOCKED"}  # fmt: skip


def test_few_frames_a_second_are_found_with_their_rate() -> None:
    slow = [arrival(number / 2) for number in range(60)]
    (raised,) = play(Monitor(monitor_settings(Policy())), slow)
    assert (raised.event, raised.onset_s, raised.at_s) == ("LOW_FRAME_RATE", 0.0, 10.0)
    assert raised.evidence["frames_per_second"] == 2.0


def test_enough_frames_and_stalls_between_them_are_no_low_rate() -> None:
    assert found([arrival(number / 15) for number in range(600)]) == []
    stalling = [arrival(block * 8 + number / 5) for block in range(6) for number in range(20)]
    assert {line[0] for line in found(stalling)} == {"STREAM_STALLED"}


def damaged(start_s: float, end_s: float) -> list[Observation]:
    """A stretch of a stream of 15 fps whose frames all show traces of a loss."""
    return [replace(arrival(n / 15), damaged=True) for n in range(round(start_s * 15), round(end_s * 15))]


def test_a_stream_that_stays_damaged_says_so_as_a_technical_matter() -> None:
    (raised,) = play(Monitor(monitor_settings(Policy())), damaged(0, 30))
    assert (raised.event, raised.onset_s) == ("LOW_FRAME_RATE", 0.0)
    assert raised.evidence["frames_per_second"] == 0.0
    assert raised.evidence["damaged_share"] == 1.0


@pytest.mark.parametrize(("damaged_s", "told"), [(0.8, False), (2.0, True)])
def test_damage_now_and_then_is_told_where_it_leaves_holes_of_more_than_a_second(
    damaged_s: float, told: bool
) -> None:
    stretches = [
        part
        for n in range(12)
        for part in (
            damaged(5 * n, 5 * n + damaged_s),
            [arrival(at / 15) for at in range(75 * n + round(15 * damaged_s), 75 * n + 75)],
        )
    ]
    assert {line[0] for line in found(*stretches)} == ({"LOW_FRAME_RATE"} if told else set())


@pytest.mark.parametrize("every_s", [2.2, 2.6])
def test_frames_that_come_all_at_once_are_a_low_rate_however_many_they_are(every_s: float) -> None:
    bursts = [arrival(number * every_s + frame / 400) for number in range(30) for frame in range(39)]
    (raised,) = [f for f in play(Monitor(monitor_settings(Policy())), bursts) if f.event == "LOW_FRAME_RATE"]
    assert float(str(raised.evidence["frames_per_second"])) > 12
    assert float(str(raised.evidence["covered_share"])) < 0.2
    assert raised.evidence["longest_gap_seconds"] == pytest.approx(every_s - 0.1, abs=0.01)


def repainted(start_s: float, end_s: float, quiet: float, busy: float, every_looks: int) -> list[Observation]:
    """A picture that changes little, but much at each so many looks, as a codec's keyframes make it."""
    looks = while_(start_s, end_s)
    changes = (busy if n % every_looks < 2 else quiet for n in range(len(looks)))
    return [replace(o, picture=replace(LIGHT, change=c)) for o, c in zip(looks, changes, strict=True)]


def test_a_frozen_picture_is_found_although_its_codec_repaints_it() -> None:
    said = found(while_(0, 5), repainted(5, 20, 0.1, 3.0, 10), while_(20, 30))
    assert [(event, phase) for event, phase, _ in said] == [
        ("CAMERA_FROZEN", "raised"), ("CAMERA_FROZEN", "cleared")]  # fmt: skip
    assert said[0][2] == pytest.approx(5.0, abs=0.5)
    assert said[1][2] == pytest.approx(20.0, abs=0.5)


def test_somebody_who_hardly_moves_is_not_frozen() -> None:
    assert found(repainted(0, 60, 0.4, 3.0, 10)) == []


def test_a_slow_camera_whose_pictures_are_sent_twice_is_not_frozen() -> None:
    assert found(repainted(0, 60, 1.5, 0.0, 5)) == []


def test_a_frozen_picture_survives_a_hand_over() -> None:
    before = Monitor(monitor_settings(Policy()))
    play(before, [*while_(0, 5), *repainted(5, 12, 0.1, 3.0, 10)])
    after = Monitor(monitor_settings(Policy()))
    after.restore(before.snapshot())
    assert lines(play(after, repainted(12, 18, 0.1, 3.0, 10)))[0][0] == "CAMERA_FROZEN"


def reaching(start_s: float, end_s: float, *distances: float) -> list[Observation]:
    """A hand at these distances in turn, seen one and a half times a second."""
    looks = every(start_s, end_s, HONEST, rate_hz=1.5)
    seen = [replace(o, hands=hands(distances[n % len(distances)])) for n, o in enumerate(looks)]
    return streamed(seen)


def test_a_hand_whose_points_jump_about_is_found_by_most_looks() -> None:
    (near,) = found(reaching(0, 5, 2.0), reaching(5, 15, 0.5, 0.55, 0.65))
    assert near[:2] == ("HAND_NEAR_EAR", "raised")
    assert near[2] == pytest.approx(5, abs=1)


def test_a_hand_that_seems_near_now_and_then_is_not_reported() -> None:
    assert found(reaching(0, 60, 0.9, 0.8, 0.55)) == []


def test_a_hand_that_came_is_placed_at_its_first_look_although_that_missed_the_bound_by_a_jump() -> None:
    (near,) = found(reaching(0, 5, 2.0), reaching(5, 6, 0.65), reaching(6, 15, 0.5))
    assert near[2] == pytest.approx(5.3, abs=0.4)
    (late,) = found(reaching(0, 5, 2.0), reaching(5, 6, 0.75), reaching(6, 15, 0.5))
    assert late[2] == pytest.approx(6.0, abs=0.4)
