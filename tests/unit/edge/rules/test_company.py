"""Posters, mirrors and still screens beside the candidate are told once and are nobody; people are found."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sin
from random import Random

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.company import _same
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from edge.rules.resting import FaceKind, FollowedState
from shared.events.types import EventType
from shared.observations import Box, FaceSeen, HeadPose, Observation, PersonsSeen
from shared.policy.schema import Policy, parse_policy
from tests.support.observations import ONE, check, face, frame, lines, play, swaying, times

SAME = check(0.9)
POSTER = face(60, 0.9, x_px=500)
"""A face on the wall behind the candidate."""
PERSON = face(90, 0.9, x_px=60)
Place = Callable[[float], FaceSeen | None]
"""Where a face is at a time; None: not in view."""
FULL = Box(100, 60, 400, 420)
"""The candidate's shape."""
BEHIND = Box(470, 60, 120, 300)
"""The shape around the poster's face."""


def candidate(at: float) -> FaceSeen:
    return swaying(face(), at)


def poster(at: float) -> FaceSeen:
    """As a detector finds it: between two cells of its grid, with a little noise."""
    chance = Random(round(at * 1000))
    jump = 0.8 if chance.random() < 0.3 else 0.0
    noise = (chance.uniform(-0.1, 0.1) for _ in range(4))
    x, y, width, height = noise
    box = POSTER.box
    return FaceSeen(
        Box(box.x_px + jump + x, box.y_px - jump + y, box.width_px + width, box.height_px + height), 0.9
    )


def person(at: float) -> FaceSeen:
    return swaying(PERSON, at, 1)


def mirror_image(at: float) -> FaceSeen:
    """To the side: what goes to the left goes to the right there, by less."""
    own, usual = candidate(at).box, face().box
    away_x, away_y = own.x_px - usual.x_px, own.y_px - usual.y_px
    return FaceSeen(Box(520 - 0.4 * away_x, 130 + 0.4 * away_y, 64, 64), 0.8)


def looks(
    start_s: float, end_s: float, *places: Place, rate_hz: float = 5.0, **given: object
) -> list[Observation]:
    """These faces; the first is the candidate's and is known to be."""
    found = []
    for at in times(start_s, end_s, rate_hz):
        faces = [place(at) for place in places]
        like = frame(at, faces=[each for each in faces if each is not None])
        own = 0 if places and places[0] is candidate else None
        identity = SAME if places[0] is candidate and round(at * rate_hz) % round(rate_hz) == 0 else None
        found.append(replace(like, **{"own_face": own, "identity": identity, **given}))  # type: ignore[arg-type]
    return found


def told(*stretches: Sequence[Observation], policy: Policy | None = None) -> list[tuple[str, str, float]]:
    monitor = Monitor(monitor_settings(policy or Policy()))
    said = play(monitor, [each for stretch in stretches for each in stretch])
    return lines(said)


def test_a_poster_from_the_beginning_is_told_once_and_raises_nothing_else() -> None:
    assert told(looks(0, 120, candidate, poster)) == [("PICTURE_IN_VIEW", "raised", 0.0)]


def test_its_twin_a_living_second_face_from_the_beginning_is_found_in_time() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    said = [f for f in play(monitor, looks(0, 120, candidate, person)) if f.event is not EventType.CALIBRATED]
    assert [(f.event, f.onset_s) for f in said] == [(EventType.MULTIPLE_FACES, 0.0)]
    assert said[0].raised_s <= 3.0 + 3.0


def test_a_person_who_comes_beside_a_poster_is_found() -> None:
    said = told(looks(0, 40, candidate, poster), looks(40, 50, candidate, poster, person))
    assert said == [("PICTURE_IN_VIEW", "raised", 0.0), ("MULTIPLE_FACES", "raised", 40.0)]


@pytest.mark.parametrize("rate_hz", [10.0, 5.0, 2.0, 1.0])
def test_a_person_is_found_at_the_cadence_of_every_level(rate_hz: float) -> None:
    monitor = Monitor(monitor_settings(Policy()))
    alone = looks(0, 20, candidate, rate_hz=rate_hz)
    said = play(monitor, [*alone, *looks(20, 30, candidate, person, rate_hz=rate_hz)])
    (raised,) = [f for f in said if f.event is EventType.MULTIPLE_FACES]
    assert raised.onset_s == 20.0
    assert raised.raised_s <= 20 + 3 + 1.5


def test_somebody_who_sits_very_still_is_a_person() -> None:
    def at_rest(at: float) -> FaceSeen:
        # A fiftieth of the face's width to each side: three millimetres.
        box = PERSON.box
        return FaceSeen(replace(box, x_px=box.x_px + 1.8 * sin(at * 1.9), y_px=box.y_px + 1.8 * sin(at)), 0.9)

    assert ("MULTIPLE_FACES", "raised", 10.0) in told(
        looks(0, 10, candidate), looks(10, 40, candidate, at_rest)
    )


def test_the_candidates_own_mirror_image_is_told_once_and_is_no_person() -> None:
    assert told(looks(0, 120, candidate, mirror_image)) == [("PICTURE_IN_VIEW", "raised", 0.0)]


def test_its_twin_who_moves_as_much_but_not_alike_is_found() -> None:
    def other(at: float) -> FaceSeen:
        return mirror_image(at * 1.13 + 0.7)

    assert ("MULTIPLE_FACES", "raised", 0.0) in told(looks(0, 60, candidate, other))


def talking(at: float) -> FaceSeen:
    """The candidate's mirror image as a detector finds it: it follows roughly."""
    chance, seen = Random(round(at * 1000)), mirror_image(at)
    x_px, y_px = (chance.gauss(0, 1.0) for _ in range(2))
    return FaceSeen(replace(seen.box, x_px=seen.box.x_px + x_px, y_px=seen.box.y_px + y_px), 0.8)


def compared(seen: list[Observation]) -> list[Observation]:
    """With the second face taken for the candidate's wherever a face is compared."""
    return [replace(o, alike_faces=(1,)) if o.identity is not None else o for o in seen]


def test_a_face_that_follows_roughly_and_is_taken_for_the_candidates_is_a_mirror_image() -> None:
    assert told(compared(looks(0, 40, candidate, talking)))[0] == ("PICTURE_IN_VIEW", "raised", 0.0)
    assert "MULTIPLE_FACES" not in {line[0] for line in told(compared(looks(0, 120, candidate, talking)))}
    assert told(looks(0, 40, candidate, talking)) == [("MULTIPLE_FACES", "raised", 0.0)]


def test_its_twin_who_looks_alike_and_moves_otherwise_is_found() -> None:
    said = told(compared(looks(0, 60, candidate, person)))
    assert said == [("MULTIPLE_FACES", "raised", 0.0)]


def test_where_pictures_are_not_told_apart_each_of_them_is_a_face() -> None:
    policy = parse_policy({"rules": {"PICTURE_IN_VIEW": {"enabled": False}}})
    assert told(looks(0, 30, candidate, poster), policy=policy) == [("MULTIPLE_FACES", "raised", 0.0)]


def test_a_chair_that_is_left_before_a_poster_is_empty() -> None:
    said = told(looks(0, 40, candidate, poster), looks(40, 60, poster))
    assert ("FACE_NOT_FOUND", "raised", 40.0) in said


def test_what_is_seen_of_a_poster_is_nothing_about_the_candidate() -> None:
    strange = check(0.4)
    absent = looks(40, 60, poster, identity=strange, own_face=0)
    assert "FACE_MISMATCH" not in {line[0] for line in told(looks(0, 40, candidate, poster), absent)}
    swapped = looks(40, 60, person, poster, identity=strange, own_face=0)
    assert "FACE_MISMATCH" in {line[0] for line in told(looks(0, 40, candidate, poster), swapped)}


def test_a_large_poster_that_was_taken_for_the_candidate_is_found_out() -> None:
    def wall(at: float) -> FaceSeen:
        box = poster(at).box
        return FaceSeen(replace(box, x_px=box.x_px - 480, width_px=240, height_px=240), 0.9)

    seen = [replace(o, own_face=0) for o in looks(0, 60, wall, candidate)]
    assert {line[0] for line in told(seen)} == {"PICTURE_IN_VIEW", "IDENTITY_UNVERIFIED"}


def test_a_picture_that_was_told_is_not_told_again() -> None:
    away = looks(40, 60, candidate)
    again = looks(60, 90, candidate, poster)
    assert told(looks(0, 40, candidate, poster), away, again) == [
        ("PICTURE_IN_VIEW", "raised", 0.0), ("PICTURE_IN_VIEW", "cleared", 40.0)]  # fmt: skip


def aside(seen: FaceSeen) -> FaceSeen:
    """The same on the other side of the candidate."""
    return FaceSeen(replace(seen.box, x_px=seen.box.x_px - 460), seen.score)


def test_a_second_poster_is_told_as_well() -> None:
    def second(at: float) -> FaceSeen:
        return aside(poster(at))

    said = told(looks(0, 40, candidate, poster), looks(40, 60, candidate), looks(60, 90, candidate, second))
    assert said[2:] == [("PICTURE_IN_VIEW", "raised", 60.0)]


def test_a_picture_whose_camera_is_bumped_once_stays_a_picture_and_one_that_walks_is_a_person() -> None:
    def bumped(at: float) -> FaceSeen:
        box = poster(at).box
        shaken = 4 * sin(9 * at) if 40 <= at < 41 else 0.0
        return FaceSeen(replace(box, x_px=box.x_px + 7 * (at >= 40) + shaken), 0.9)

    def walking(at: float) -> FaceSeen:
        box = poster(at).box
        return FaceSeen(replace(box, x_px=box.x_px - 12 * max(0.0, at - 40)), 0.9)

    assert told(looks(0, 90, candidate, bumped)) == [("PICTURE_IN_VIEW", "raised", 0.0)]
    said = told(looks(0, 60, candidate, walking))
    assert [event for event, phase, _ in said if phase == "raised"] == ["PICTURE_IN_VIEW", "MULTIPLE_FACES"]


def test_a_second_person_is_found_again_after_the_first_time() -> None:
    def visits(at: float) -> FaceSeen | None:
        return person(at) if at % 30 > 20 else None

    said = [line for line in told(looks(0, 75, candidate, visits)) if line[1] == "raised"]
    assert said == [("MULTIPLE_FACES", "raised", 20.2), ("MULTIPLE_FACES", "raised", 50.2)]


def test_a_gap_is_no_standing_still() -> None:
    # Nine seconds before the gap and eleven after it: nobody knows what was in between.
    said = told(looks(0, 9, candidate, poster), looks(14, 30, candidate, poster))
    assert "PICTURE_IN_VIEW" not in {line[0] for line in said}


def carried(monitor: Monitor, resumed_s: float | None = None) -> Monitor:
    after = Monitor(monitor_settings(Policy()))
    after.restore(json.loads(json.dumps(monitor.snapshot())), resumed_s=resumed_s)
    return after


@pytest.mark.parametrize("away_s", [0.0, 30.0])
def test_a_wait_goes_on_after_a_hand_over_and_the_time_between_does_not_count(away_s: float) -> None:
    before = Monitor(monitor_settings(Policy()))
    play(before, looks(0, 12, candidate, poster))
    after = carried(before, 12 + away_s)
    said = play(after, looks(12 + away_s, 30 + away_s, candidate, poster))
    (raised,) = [f for f in said if f.event is EventType.PICTURE_IN_VIEW]
    assert raised.raised_s == pytest.approx(20 + away_s, abs=0.3)


def test_what_is_known_of_a_poster_survives_a_hand_over() -> None:
    before = Monitor(monitor_settings(Policy()))
    play(before, looks(0, 40, candidate, poster))
    assert lines(play(carried(before), looks(40, 60, candidate, poster))) == []


def both(boxes: Sequence[Box]) -> PersonsSeen:
    return PersonsSeen(count=len(boxes), score=0.8, boxes=tuple(boxes))


def test_the_shape_around_a_poster_is_no_second_person() -> None:
    assert told(looks(0, 60, candidate, poster, persons=both((FULL, BEHIND)))) == [
        ("PICTURE_IN_VIEW", "raised", 0.0)
    ]


def test_its_twins_a_third_shape_and_a_person_without_a_face_are_found() -> None:
    third = looks(30, 40, candidate, poster, persons=both((FULL, BEHIND, Box(0, 0, 90, 300))))
    said = told(looks(0, 30, candidate, poster, persons=both((FULL, BEHIND))), third)
    assert ("MULTIPLE_PERSONS", "raised", 30.0) in said
    assert ("MULTIPLE_PERSONS", "raised", 0.0) in told(looks(0, 10, candidate, persons=both((FULL, BEHIND))))


def finding(said: Sequence[Finding], event: EventType) -> Finding:
    return next(each for each in said if each.event is event)


@pytest.mark.parametrize(
    ("x_px", "side_px", "standing", "same"),
    [
        (100, 40, FaceKind.PERSON, True),
        (150, 40, FaceKind.PERSON, True),  # near, though the boxes have nothing in common
        (179, 40, FaceKind.PERSON, True),
        (180, 40, FaceKind.PERSON, False),  # two widths away
        (150, 40, FaceKind.PICTURE, False),  # a picture does not walk
        (160, 21, FaceKind.UNDECIDED, True),
        (160, 20, FaceKind.UNDECIDED, False),  # half as wide
        (100, 79, FaceKind.UNDECIDED, True),
        (160, 79, FaceKind.UNDECIDED, True),
        (160, 80, FaceKind.UNDECIDED, False),
    ],
)
def test_a_face_is_the_one_followed_when_it_is_near_and_of_like_size(
    x_px: float, side_px: float, standing: FaceKind, *, same: bool
) -> None:
    middle_px = x_px + 20
    known = FollowedState(
        Box(middle_px - side_px / 2, 120 - side_px / 2, side_px, side_px), 0, 0, 0, standing=standing
    )
    assert _same(Box(100, 100, 40, 40), [known]) is (known if same else None)


def test_pictures_and_mirror_images_are_counted_in_the_evidence() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    said = play(monitor, looks(0, 30, candidate, lambda at: aside(poster(at)), mirror_image))
    evidence = finding(said, EventType.PICTURE_IN_VIEW).evidence
    assert (evidence["pictures"], evidence["mirror_images"]) == (2, 1)
    assert evidence["still_seconds_bound"] == 20


def test_alone_the_candidate_is_no_picture_however_still() -> None:
    assert told([replace(o, faces=ONE) for o in looks(0, 60, candidate)]) == []


def test_from_one_face_to_another_lies_no_turn_of_the_head() -> None:
    def turning(at: float) -> Observation:
        number = round(at * 5)
        place = number % 2 if number % 10 < 5 else 0
        like = frame(at, faces=[candidate(at), person(at)])
        return replace(like, own_face=place, head=HeadPose(0, 40 * place, 0))

    seen = [turning(at) for at in times(0, 30)]
    assert "SUSPICIOUS_MOVEMENT" not in {line[0] for line in told(seen)}
    one = [replace(each, own_face=0) for each in seen]
    assert "SUSPICIOUS_MOVEMENT" in {line[0] for line in told(one)}
