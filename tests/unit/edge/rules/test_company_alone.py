"""How faces are followed from look to look: what counts as the same one, as moved, as mirrored, as gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from edge.rules.company import MAX_FACES, Company, CompanyState, Present
from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.mirrored import LEAST_LOOKS, MAX_LOOKS, _explained, _fitted, _returns, is_mirrored, is_proved
from edge.rules.objects import shapes_of
from edge.rules.resting import (
    ALIKE_S,
    IN_A_ROW,
    MAX_PLACES,
    MIN_LOOKS,
    FaceKind,
    FollowedState,
    _hides,
    _is_near,
    rest,
)
from edge.rules.settings import CompanySettings
from shared.observations import Box, FaceSeen

UNDECIDED, PERSON, PICTURE = FaceKind
SETTINGS = CompanySettings(min_score=0.6, min_face_px=40, still_s=20, max_gap_s=3)
OWN = FaceSeen(Box(200, 120, 160, 160), 0.95)


def face(x_px: float, score: float = 0.8, side_px: float = 60, y_px: float = 100) -> FaceSeen:
    return FaceSeen(Box(x_px, y_px, side_px, side_px), score)


def company(**settings: Any) -> tuple[Company, CompanyState]:
    state = CompanyState()
    return Company(replace(SETTINGS, **settings), state), state


def states(*faces: tuple[float, FaceKind, float, float], seen_s: float = 10.0) -> list[FollowedState]:
    """Followed faces: place, kind, since when in view, since when still."""
    return [
        FollowedState(face(x_px).box, since_s, still_s, seen_s, standing=kind, known=kind is PICTURE)
        for x_px, kind, since_s, still_s in faces
    ]


# Company


def test_a_face_counts_from_its_least_score_and_size_on() -> None:
    rule, _ = company(still_s=None)
    for seen, counts in ((face(0, 0.6, 40), 1), (face(0, 0.59, 40), 0), (face(0, 0.6, 39.9), 0)):
        assert len(rule.see(0.0, (OWN, seen)).counted) == 1 + counts
    flat = FaceSeen(Box(0, 0, 90, 39), 0.9)
    assert rule.see(0.0, (flat,)).counted == ()


def test_the_candidates_is_the_given_face_then_the_one_followed_then_the_largest() -> None:
    rule, state = company()
    small, large = face(20), OWN
    assert rule.see(0.0, (small, large)).own is large
    assert (state.own, state.own_s, state.changed) == (large.box, 0.0, False)
    assert rule.see(0.2, (small, large), small).own is small
    assert (state.own, state.changed) == (small.box, True)
    again = rule.see(0.4, (small, large))
    assert (again.own, again.changed) == (small, False)
    assert rule.see(3.4, (small, large)).own is small
    assert rule.see(6.5, (small, large)).own is large  # not seen for longer than the gap
    assert rule.see(6.6, ()).own is None
    assert (state.own, state.own_s) == (large.box, 6.5)


def test_a_face_that_does_not_count_is_the_candidates_only_when_it_is_alone() -> None:
    rule, _ = company()
    weak = FaceSeen(OWN.box, 0.3)
    assert rule.see(0.0, (weak, face(20))).own == face(20)
    assert rule.see(0.2, (weak,)).own is weak
    assert rule.see(0.4, (face(20), weak), weak).own == face(20)  # a given one must count as well


def test_a_face_that_overlaps_the_last_no_more_than_the_bound_is_another() -> None:
    for height_px, changed in ((60, True), (61, False)):
        rule, state = company()
        state.own = Box(0, 0, 200, 200)
        assert rule.see(0.2, (FaceSeen(Box(0, 0, 200, height_px), 0.9),)).changed is changed


def test_a_candidate_who_is_recognised_elsewhere_is_followed_there() -> None:
    rule, state = company()
    rule.see(0.0, (OWN, face(20)))
    rule.recognise(1.0, face(20).box)
    assert (state.own, state.own_s) == (face(20).box, 1.0)
    assert rule.see(1.2, (OWN, face(20))).own == face(20)


def test_faces_are_the_same_ones_within_the_longest_gap() -> None:
    for gap_s, since_s in ((3.0, 0.0), (3.1, 3.1)):
        rule, state = company()
        rule.see(0.0, (OWN,))
        rule.see(gap_s, (OWN,))
        assert [each.since_s for each in state.faces] == [since_s]
        assert state.faces[0].seen_s == gap_s


def test_a_picture_out_of_sight_is_remembered_and_a_person_is_not() -> None:
    rule, state = company()
    state.faces = states((20, PICTURE, 0, 0), (300, PERSON, 0, 0), seen_s=0.0)
    seen = rule.see(3.0, (OWN,))
    assert (seen.pictures, len(state.faces)) == ((face(20).box,), 3)
    seen = rule.see(3.1, (OWN,))
    assert (seen.pictures, [each.box for each in state.faces]) == ((), [OWN.box, face(20).box])


def test_of_too_many_faces_those_out_of_sight_for_longest_are_dropped() -> None:
    rule, state = company()
    pictures = [
        states((100.0 * number, PICTURE, 0, 0), seen_s=float(number))[0] for number in range(MAX_FACES)
    ]
    state.faces = [*pictures[::2], *pictures[1::2]]
    rule.see(50.0, (FaceSeen(Box(5000, 0, 60, 60), 0.9),))
    assert [each.box.x_px for each in state.faces] == [5000, 700, 600, 500, 400, 300, 200, 100]


def test_who_is_a_person_a_picture_or_undecided_is_told_apart() -> None:
    rule, state = company()
    state.faces = states((20, PICTURE, 0, 0), (300, PERSON, 1, 1), (500, UNDECIDED, 2, 2), seen_s=9.9)
    seen = rule.see(10.0, (face(300, 0.7), face(20), face(500, 0.65)))
    assert seen.faces == (face(300, 0.7), face(500, 0.65))
    assert seen.counted == (face(300, 0.7), face(500, 0.65))
    assert seen.people == (face(300, 0.7),)
    assert seen.undecided == (face(500).box,)
    assert seen.pictures == (face(20).box,)
    assert seen.own == face(300, 0.7)


def test_a_picture_found_twice_is_one() -> None:
    rule, state = company()
    state.faces = states((20, PICTURE, 0, 0), seen_s=9.9)
    twice = face(22, 0.7)
    assert rule.see(10.0, (OWN, face(20), twice)).faces == (OWN,)


@pytest.mark.parametrize(
    ("people", "since_s", "alone_s"),
    [
        ([(20.0, 1.0)], None, 10.0),
        ([(20.0, 1.0), (300.0, 4.0)], 4.0, None),
        ([(20.0, 4.0), (300.0, 1.0)], 4.0, None),
    ],
)
def test_more_than_one_person_is_since_the_second_came(
    people: list[tuple[float, float]], since_s: float | None, alone_s: float | None
) -> None:
    rule, state = company()
    state.faces = states(*((x_px, PERSON, at, at) for x_px, at in people), seen_s=9.9)
    seen = rule.see(10.0, tuple(face(x_px) for x_px, _ in people))
    assert (seen.since_s, state.alone_s, state.living_s) == (since_s, alone_s, 10.0)
    assert rule.more_than_one_since_s(10.0) == since_s
    assert rule.more_than_one_since_s(9.0) is None


def test_more_than_one_person_is_not_before_there_was_certainly_one() -> None:
    rule, state = company()
    state.faces = states((20, PERSON, 1, 1), (300, PERSON, 4, 4), seen_s=9.9)
    state.alone_s = 6.0
    seen = rule.see(10.0, (face(20), face(300)))
    assert (seen.since_s, state.alone_s, rule.more_than_one_since_s(10.0)) == (6.0, 6.0, 6.0)


def test_somebody_undecided_may_be_a_second_person() -> None:
    rule, state = company()
    state.faces = states((20, PERSON, 1, 1), (300, UNDECIDED, 4, 4), seen_s=9.9)
    seen = rule.see(10.0, (face(20), face(300)))
    assert (seen.since_s, state.alone_s, rule.more_than_one_since_s(10.0)) == (None, None, 4.0)


def picture(*, raised: bool, at: float = 10.0, faces: Sequence[FollowedState]) -> Judgement:
    rule, state = company()
    state.faces = [*faces]
    return rule.picture_in_view(at, raised=raised)


def test_a_picture_is_told_once_it_is_raised() -> None:
    faces = states((20, PICTURE, 1, 2), (300, PICTURE, 1, 5))
    faces[1].mirrored = True
    evidence = {"pictures": 2, "mirror_images": 1, "still_seconds_bound": 20}
    assert picture(raised=False, faces=faces) == Judgement(True, 1.0, evidence, 2)
    assert [each.told for each in faces] == [False, False]
    assert picture(raised=True, faces=faces) == Judgement(True, 1.0, evidence, 2)
    assert [each.told for each in faces] == [True, True]
    assert picture(raised=False, faces=faces) == UNKNOWN
    assert picture(raised=True, faces=faces).value is True


def test_a_second_picture_is_told_since_it_stands_still() -> None:
    faces = states((20, PICTURE, 1, 2), (300, PICTURE, 1, 5))
    faces[0].told = True
    assert picture(raised=False, faces=faces).since_s == 5


def test_without_a_picture_somebody_undecided_leaves_it_open() -> None:
    assert picture(raised=False, faces=states((20, UNDECIDED, 1, 1))) == UNKNOWN
    assert picture(raised=False, faces=states((20, PERSON, 1, 1))) == NO
    assert picture(raised=False, faces=states((20, PICTURE, 1, 1)), at=11.0) == NO


def test_a_pause_moves_what_is_known_of_faces_and_beginning_again_their_coming() -> None:
    rule, state = company()
    state.faces = states((20, PICTURE, 1, 2), (300, PERSON, 4, 5))
    state.own, state.own_s = OWN.box, 9.0
    rule.pause(15.0)
    assert [(each.since_s, each.still_s, each.seen_s) for each in state.faces] == [(6, 7, 15), (9, 10, 15)]
    assert state.own_s == 15.0
    rule.pause(12.0)
    assert [(each.since_s, each.seen_s) for each in state.faces] == [(6, 15), (9, 15)]
    rule.begin_again(8.0)
    assert [each.since_s for each in state.faces] == [8, 9]
    fresh, own = company()
    fresh.pause(15.0)
    assert own.own_s == 0.0


def test_where_pictures_are_not_told_apart_nobody_is_followed() -> None:
    rule, state = company(still_s=None)
    seen = rule.see(1.0, (OWN, face(20)))
    assert seen == Present(
        own=OWN,
        faces=(OWN, face(20)),
        counted=(OWN, face(20)),
        people=(OWN, face(20)),
        undecided=(),
        pictures=(),
    )
    assert (state.faces, state.living_s) == ([], 1.0)
    assert rule.see(1.2, (OWN, face(20)), face(20)).own == face(20)


# Persons' shapes


def test_the_shape_of_a_face_is_the_smallest_around_it_that_is_not_the_candidates() -> None:
    own, wide, tall, other = (
        Box(0, 0, 100, 100),
        Box(150, 0, 200, 300),
        Box(180, 0, 100, 300),
        Box(500, 0, 9, 9),
    )
    middle = Box(200, 100, 40, 40)
    assert shapes_of([middle], [own, wide, tall, other], None) == {tall}
    assert shapes_of([middle, Box(20, 20, 9, 9)], [own, tall], Box(10, 10, 40, 40)) == {tall}
    assert shapes_of([Box(400, 0, 9, 9)], [own, wide], None) == set()


# Resting


def followed(**more: Any) -> FollowedState:
    return FollowedState(**{"box": face(20).box, "since_s": 0.0, "still_s": 0.0, "seen_s": 0.0, **more})


def looked(known: FollowedState, at: float, x_px: float, **more: Any) -> None:
    known.box = face(x_px).box
    rest(at, known, more.get("candidate"), living_s=more.get("living_s"), still_s=20.0)


@pytest.mark.parametrize(
    ("moved", "near"),
    [
        ((0.44, 0.44, 0, 0), True), ((0, 0, 0.44, 0.44), True), ((0.45, 0, 0, 0), False),
        ((0, -0.45, 0, 0), False), ((-0.3, 0, 0.6, 0), False), ((0, 0.3, 0, -0.6), False),
    ],
)  # fmt: skip
def test_a_face_at_rest_is_within_a_share_of_its_width(moved: tuple[float, ...], *, near: bool) -> None:
    place = Box(100, 100, 60, 60)
    box = Box(*(value + by for value, by in zip((100, 100, 60, 60), moved, strict=True)))
    assert _is_near(box, place) is near


def test_new_places_in_a_row_are_a_movement() -> None:
    known = followed()
    for number in range(IN_A_ROW - 1):
        looked(known, number / 5, 20.0 + number)
    assert (known.new, len(known.places), known.looks, known.standing) == (3, 3, 3, UNDECIDED)
    looked(known, 0.6, 22.0)  # back in its last place
    assert (known.new, known.moves, known.looks) == (0, 0, 4)
    for number in range(IN_A_ROW):
        looked(known, 1 + number / 5, 30.0 + number)
    assert (known.standing, known.moves, known.still_s) == (PERSON, 1, 1.6)
    assert (known.new, known.looks, known.beside, len(known.places)) == (1, 0, [], 1)
    assert known.places[0].x_px == 33.0


def test_a_place_is_remembered_to_a_hundredth_of_a_pixel() -> None:
    known = followed(box=Box(20.126, 100.004, 60.5, 60.999))
    rest(0.0, known, None, living_s=None, still_s=20.0)
    assert known.places == [Box(20.13, 100.0, 60.5, 61.0)]


def test_too_many_places_are_a_movement_as_well() -> None:
    known = followed()
    for number in range(MAX_PLACES):
        looked(known, number, 20.0 + number)
        looked(known, number + 0.5, 20.0 + number)
    assert (known.standing, len(known.places)) == (UNDECIDED, MAX_PLACES)
    looked(known, 30, 50.0)
    assert known.standing is PERSON


def still(known: FollowedState, looks: int, **more: Any) -> None:
    for number in range(looks):
        looked(known, 20.0 - (looks - 1 - number) / 10, 20.0, **more)


@pytest.mark.parametrize(
    ("looks", "still_s", "living_s", "kind"),
    [
        (MIN_LOOKS, 0.0, 5.0, PICTURE), (MIN_LOOKS - 1, 0.0, 5.0, UNDECIDED),
        (MIN_LOOKS, 0.1, 5.0, UNDECIDED),
        (MIN_LOOKS, 0.0, None, UNDECIDED), (MIN_LOOKS, 0.0, 0.0, PICTURE), (MIN_LOOKS, 0.0, -1.0, UNDECIDED),
    ],
)  # fmt: skip
def test_a_face_that_rests_while_another_lives_is_a_picture(
    looks: int, still_s: float, living_s: float | None, kind: FaceKind
) -> None:
    known = followed(still_s=still_s)
    still(known, looks, living_s=living_s)
    assert (known.standing, known.known) == (kind, kind is PICTURE)


@pytest.mark.parametrize(("proof", "kind"), [(30, PICTURE), (3, UNDECIDED)])
def test_a_face_that_only_mirrors_the_candidate_is_a_picture_once_that_is_proved(
    proof: int, kind: FaceKind
) -> None:
    known = followed(mirrored=True, beside=swaying(proof, 0.5))
    still(known, MIN_LOOKS, living_s=5.0)
    assert known.standing is kind


def test_a_picture_that_moves_is_undecided_once_and_then_a_person() -> None:
    known = followed(standing=PICTURE, known=True)
    for number in range(IN_A_ROW):
        looked(known, 1 + number / 5, 20.0 + number)
    assert (known.standing, known.moves, known.since_s) == (UNDECIDED, 1, 1.6)
    for number in range(IN_A_ROW):
        looked(known, 3 + number / 5, 30.0 + number)
    assert (known.standing, known.moves, known.since_s) == (PERSON, 2, 1.6)
    known.still_s = 0.0
    still(known, MIN_LOOKS + 1, living_s=5.0)
    assert known.standing is PERSON


def test_a_bumped_picture_that_rests_again_has_not_moved() -> None:
    known = followed(known=True, moves=1)
    still(known, MIN_LOOKS, living_s=5.0)
    assert (known.standing, known.moves) == (PICTURE, 0)


@pytest.mark.parametrize(
    ("x_px", "y_px", "hides"),
    [
        (160, 80, False), (161, 80, True), (539, 80, True), (540, 80, False), (300, 239, True),
        (300, 240, False), (300, -79, True), (300, -80, False),
    ],
)  # fmt: skip
def test_the_candidates_head_and_shoulders_may_hide_a_part_of_a_picture(
    x_px: float, y_px: float, *, hides: bool
) -> None:
    assert _hides(Box(x_px, y_px, 160, 100), [Box(900, 900, 9, 9), Box(400, 100, 60, 60)]) is hides


def test_a_picture_that_may_be_hidden_is_not_looked_at() -> None:
    known = followed(known=True, standing=PICTURE, places=[face(20).box])
    looked(known, 1.0, 90.0, candidate=Box(100, 100, 60, 60))
    assert (known.looks, len(known.places)) == (0, 1)
    looked(known, 2.0, 90.0, candidate=Box(300, 100, 60, 60))
    assert (known.looks, len(known.places)) == (1, 2)


def test_places_beside_the_candidate_are_noted_not_too_often_and_not_for_ever() -> None:
    known = followed()
    candidate = Box(300.004, 100, 60, 60)
    for at in (0.0, 0.3, 0.4, 0.79, 0.81):
        looked(known, at, 20.0, candidate=candidate)
    assert known.beside_s == 0.81
    assert known.beside == [(330.0, 130.0, 50.0, 130.0)] * 3
    for number in range(MAX_LOOKS + 5):
        looked(known, 2.0 + number, 20.0, candidate=replace(candidate, x_px=float(number)))
    assert len(known.beside) == MAX_LOOKS
    assert known.beside[0][0] == 30.0 + 5


def swaying(count: int, share: float) -> list[tuple[float, float, float, float]]:
    """The candidate sways to and fro; the other face by a share of that to the other side."""
    xs = [(0.0, 6.0, 2.0, -6.0)[number % 4] for number in range(count)]
    return [(x, 0.0, 500 - share * x, 100.0) for x in xs]


@pytest.mark.parametrize(("share", "mirrored"), [(0.5, True), (0.0, False)])
def test_a_face_that_moves_as_the_candidate_does_has_not_moved(share: float, *, mirrored: bool) -> None:
    beside = [(x, y, a - 0.5 * (number % 3) ** 2 * (not share), b) for number, (x, y, a, b) in
              enumerate(swaying(30, share))]  # fmt: skip
    known = followed(beside=beside, beside_s=1.0)
    for number in range(IN_A_ROW):
        looked(known, 1 + number / 10, 470.0 + 3 * number, candidate=Box(-30, -30, 60, 60))
    assert (known.mirrored, known.moves, len(known.places)) == (mirrored, int(not mirrored), 1)
    assert known.beside_s == 1.0
    assert (len(known.beside), known.new) == ((30, IN_A_ROW) if mirrored else (0, 1))


def test_a_face_taken_for_the_candidates_that_counted_as_a_person_is_looked_at_again() -> None:
    for age_s, kind in ((ALIKE_S, UNDECIDED), (ALIKE_S + 0.1, PERSON)):
        known = followed(standing=PERSON, moves=1, alike_s=5.0, still_s=4.0, since_s=2.0)
        looked(known, 5.0 + age_s, 20.0)
        assert (known.standing, known.mirrored) == (kind, kind is UNDECIDED)
        assert (known.still_s, known.moves) == ((2.0, 0) if kind is UNDECIDED else (4.0, 1))
    old = followed(standing=PERSON, moves=1, alike_s=22.0, since_s=2.0)
    looked(old, 22.0, 20.0)
    assert old.standing is PERSON  # in view for as long as a picture rests


@pytest.mark.parametrize(
    ("still_s", "share", "mirrored"), [(0.0, 0.5, True), (0.0, 0.0, False), (11.0, 0.0, True)]
)
def test_a_face_taken_for_the_candidates_is_mirrored_while_it_waits_and_when_it_follows(
    still_s: float, share: float, *, mirrored: bool
) -> None:
    beside = [(x, y, a, b + 7.0 * (number % 3)) for number, (x, y, a, b) in enumerate(swaying(30, share))]
    beside = beside if share == 0.0 else [(x, y, a + 0.3 * (number % 5), b) for number, (x, y, a, b) in
                                          enumerate(swaying(30, 0.8))]  # fmt: skip
    known = followed(beside=beside, alike_s=30.0, still_s=still_s)
    for number in range(IN_A_ROW):
        looked(known, 30 + number / 10, 470.0 + 3 * number)
    assert known.mirrored is mirrored
    assert known.moves == int(not mirrored)


# Mirror images


def test_a_mirror_image_follows_a_straight_line_in_each_direction() -> None:
    assert is_mirrored(swaying(8, 0.5), 60.0)
    assert not is_mirrored(
        [(x, y, a, 100 + 3 * (number % 3)) for number, (x, y, a, _) in enumerate(swaying(9, 0.5))], 60
    )
    assert is_mirrored(
        [(x, y, a, 100 + 0.6 * (number % 2)) for number, (x, y, a, _) in enumerate(swaying(9, 0.5))], 60
    )
    assert not is_mirrored(
        [(x, y, a, 100 + 0.7 * (number % 2)) for number, (x, y, a, _) in enumerate(swaying(9, 0.5))], 60
    )


def test_a_line_that_explains_nine_tenths_still_leaves_no_more_than_a_resting_face_does() -> None:
    far = [(x, y, 500 - 1.5 * x + (-1) ** number, b) for number, (x, y, _, b) in enumerate(swaying(8, 0.5))]
    assert not is_mirrored(far, 60.0)
    assert is_mirrored(far, 160.0)


def test_a_line_is_fitted_by_least_squares() -> None:
    looks = [(0.0, 0.0, 1.0, 5.0), (1.0, 0.0, 3.0, 5.0), (2.0, 0.0, 2.0, 8.0)]
    rest_px2, whole_px2 = _fitted(looks, 0)
    assert [rest_px2, whole_px2] == pytest.approx([1.5, 2.0])
    assert list(_fitted(looks, 1)) == pytest.approx([6.0, 6.0])  # the first has not moved that way
    assert _explained(looks) == pytest.approx(1 - 7.5 / 8)
    assert _explained([(0.0, 0.0, 1.0, 1.0)] * 3) == 0.0


UNLIKE = [(x, y, 500.0, 7.0 * (number % 3)) for number, (x, y, _, _) in enumerate(swaying(26, 0.5))]
"""The other face moves in a rhythm of its own."""


def test_how_often_a_face_returns_is_counted_by_its_median() -> None:
    assert _returns([0, 1, 0, 1, 0.5, 0, 1]) == 5
    assert _returns([1.0, 1.0]) == 0


@pytest.mark.parametrize(
    ("looks", "alike", "proved"),
    [
        (swaying(LEAST_LOOKS, 0.5), False, True), (swaying(LEAST_LOOKS - 1, 0.5), False, False),
        ([(0.0, 0.0, 5.0, 5.0)] * LEAST_LOOKS, False, False), (swaying(LEAST_LOOKS, 0.5), True, True),
        (UNLIKE, True, False),
        (UNLIKE, False, True),
    ],
)  # fmt: skip
def test_a_mirror_image_is_proved_by_enough_looks_and_returns(
    looks: list[tuple[float, float, float, float]], *, alike: bool, proved: bool
) -> None:
    assert is_proved(looks, alike=alike) is proved


def test_returns_in_one_direction_are_enough() -> None:
    turned = [(y, x, b, a) for x, y, a, b in swaying(LEAST_LOOKS, 0.5)]
    assert is_proved(turned)
    few = [(float(number > 12), 0.0, 5.0, 5.0) for number in range(LEAST_LOOKS)]
    assert not is_proved(few)
