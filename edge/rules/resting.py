"""Tells faces of pictures, which rest, from living faces, which never do. Pure.

A detector finds the face of a picture in the same place for hours, to a hundredth of its width. If it is
between two cells of the detector's grid, it jumps between a few places; these are remembered. Measured with
YuNet at 1 to 5 Hz on faces of 30 to 110 px pasted into films of 640×480 (H.264 at 900, VP8 at 400 kbit/s,
noise of 2 levels): in 22 s faces of pictures have at most eight places and three new ones in a row; faces of
people who talk have four new ones in a row after 1.6 s at most (5 Hz), and 20 or more places.

A picture that moves once is undecided again, because somebody may have bumped into it or the camera. A face
that moves twice is a person for as long as it is in view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from edge.rules.boxes import common_share, middle
from edge.rules.hold import EPSILON_S
from edge.rules.mirrored import MAX_LOOKS, SPACING_S, Beside, is_mirrored, is_proved
from shared.observations import Box
from shared.saving import AtMost, Count

IN_A_ROW = 4
"""A face with this many new places in a row has moved …"""
MAX_PLACES = 10
"""… and so has a face with more places than this in total."""
MIN_LOOKS = 20
"""The fewest looks without a movement that show a picture; fewer do not tell it from a person who sits
still."""
PLACE_SHARE, PLACE_PX = 0.004, 0.2
"""How far a face at rest may be from one of its places: a share of its width, plus pixels."""
ALIKE_S = 3.0
"""For this long after it was taken for the candidate's, a face may be a mirror image. One face is compared
each second."""
HIDING_WIDTHS = 0.5
"""How far hair and shoulders reach around a face, in its widths; they may hide a part of a picture's face."""


class FaceKind(StrEnum):
    """What a face was found to be."""

    UNDECIDED = "undecided"
    PERSON = "person"
    PICTURE = "picture"


@dataclass(slots=True)
class FollowedState:
    """One face that is followed."""

    box: Box
    """Where it was seen last."""
    since_s: float
    """When it appeared, or started to move after it was taken for a picture."""
    still_s: float
    """Start of the time without a movement."""
    seen_s: float
    standing: FaceKind = FaceKind.UNDECIDED
    moves: Count = 0
    known: bool = False
    """Whether it was ever taken for a picture."""
    told: bool = False
    """Whether it was reported as a picture."""
    mirrored: bool = False
    """Whether it moves as the candidate does, or is taken for the candidate's."""
    alike_s: float | None = None
    """When it was last taken for the candidate's face."""
    places: Annotated[list[Box], AtMost(MAX_PLACES + 1)] = field(default_factory=list)
    new: Count = 0
    """The number of looks in a row that found it in a new place."""
    looks: Count = 0
    """The number of looks since its last movement."""
    beside: Annotated[list[Beside], AtMost(MAX_LOOKS)] = field(default_factory=list)
    beside_s: float | None = None
    """Time of the last entry of `beside`."""


def rest(
    at: float, known: FollowedState, candidate: Box | None, *, living_s: float | None, still_s: float
) -> None:
    """Judge a face seen now: whether it has moved, or has rested for `still_s`.

    `candidate`: the place of the candidate's face; None if this face is the candidate's. `living_s`: the last
    time a face that has moved was seen.
    """
    if known.known and candidate is not None and _hides(candidate, known.places):
        return
    if candidate is not None:
        _note_beside(at, known, candidate)
    known.looks += 1
    if any(_is_near(known.box, place) for place in known.places):
        known.new = 0
    else:
        known.new += 1
        known.places.append(_rounded(known.box))
    alike = known.alike_s is not None and at - known.alike_s <= ALIKE_S
    if alike and known.standing is FaceKind.PERSON and at - known.since_s < still_s:
        # It counted as a person only because it moved before it was compared with the candidate.
        known.standing, known.moves, known.still_s, known.mirrored = (
            FaceKind.UNDECIDED,
            0,
            known.since_s,
            True,
        )
    if known.new >= IN_A_ROW or len(known.places) > MAX_PLACES:
        strictly = candidate is not None and is_mirrored(known.beside, known.box.width_px)
        waits = at - known.still_s < still_s - EPSILON_S
        known.mirrored = strictly or (alike and (waits or is_proved(known.beside, alike=True)))
        if known.mirrored:
            known.places = known.places[-1:]
        else:
            _moved(at, known)
    lived = living_s is not None and living_s >= known.still_s
    long = at - known.still_s >= still_s - EPSILON_S and known.looks >= MIN_LOOKS
    stayed = known.moves < 2 and lived and long
    if stayed and (not known.mirrored or is_proved(known.beside, alike=alike)):
        known.standing, known.known, known.moves = FaceKind.PICTURE, True, 0


def _moved(at: float, known: FollowedState) -> None:
    known.moves += 1
    if known.known and known.moves == 1:
        known.standing, known.since_s = FaceKind.UNDECIDED, at
    else:
        known.standing = FaceKind.PERSON
    known.still_s, known.places, known.new, known.beside = at, known.places[-1:], 1, []
    known.looks = 0


def _note_beside(at: float, known: FollowedState, candidate: Box) -> None:
    if known.beside_s is not None and at - known.beside_s < SPACING_S - EPSILON_S:
        return
    x, y, other_x, other_y = (round(value, 2) for value in (*middle(candidate), *middle(known.box)))
    known.beside = [*known.beside[1 - MAX_LOOKS :], (x, y, other_x, other_y)]
    known.beside_s = at


def _is_near(box: Box, place: Box) -> bool:
    """Whether a face in `box` may be at rest in `place`."""
    rest_px = PLACE_SHARE * place.width_px + PLACE_PX
    (x, y), (place_x, place_y) = middle(box), middle(place)
    return (
        abs(x - place_x) <= rest_px
        and abs(y - place_y) <= rest_px
        and abs(box.width_px - place.width_px) <= rest_px
        and abs(box.height_px - place.height_px) <= rest_px
    )


def _rounded(box: Box) -> Box:
    return Box(*(round(value, 2) for value in (box.x_px, box.y_px, box.width_px, box.height_px)))


def _hides(candidate: Box, places: list[Box]) -> bool:
    """Whether the candidate's head or shoulders may cover a part of a picture."""
    around_px = HIDING_WIDTHS * candidate.width_px
    head = Box(
        candidate.x_px - around_px,
        candidate.y_px - around_px,
        candidate.width_px + 2 * around_px,
        candidate.height_px + 2 * around_px,
    )
    return any(common_share(head, place) > 0 for place in places)
