"""Tells faces at rest, which living ones never are, from faces that move. Pure.

The face of a picture is found in the same place for hours, to a hundredth of its width; where it lies between
two cells of a detector's grid, it jumps to and fro between a few places, which are remembered. Measured with
YuNet at 1 to 5 Hz on faces of 30 to 110 px pasted into films of 640×480 (H.264 at 900, VP8 at 400 kbit/s,
noise of 2 levels): in 22 s those of pictures have at most eight places and three new ones in a row, those of
people who talk have four in a row after 1.6 s at most (5 Hz), and 20 places and more.

A picture that moves once was bumped into, or the camera was: it is undecided again. Whatever moves twice is a
person for as long as it is in view.
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
"""A face with so many new places in a row has moved …"""
MAX_PLACES = 10
"""… and one with more places than that in all."""
MIN_LOOKS = 20
"""A picture was looked at so often without a move: fewer looks do not tell it from one who sits still."""
PLACE_SHARE, PLACE_PX = 0.004, 0.2
"""How far a face at rest may lie from one of its places: share of its width, and pixels beside."""
ALIKE_S = 3.0
"""A face that was taken for the candidate's so lately may be a mirror image: one is compared every second."""
HIDING_WIDTHS = 0.5
"""Hair and shoulders around a face, in its widths: they may hide a part of a picture's face."""


class Standing(StrEnum):
    """What a face is."""

    UNDECIDED = "undecided"
    PERSON = "person"
    PICTURE = "picture"


@dataclass(slots=True)
class FollowedState:
    """One face that is followed."""

    box: Box
    """Where it was seen last."""
    since_s: float
    """When it appeared, or began to move after it was taken for a picture."""
    still_s: float
    """Since when it has not moved."""
    seen_s: float
    standing: Standing = Standing.UNDECIDED
    moves: Count = 0
    known: bool = False
    """Whether it was taken for a picture once."""
    told: bool = False
    """Whether that was reported."""
    mirrored: bool = False
    """Whether it moves as the candidate does, or is taken for the candidate's."""
    alike_s: float | None = None
    """When it was last taken for the candidate's face."""
    places: Annotated[list[Box], AtMost(MAX_PLACES + 1)] = field(default_factory=list)
    new: Count = 0
    """How many looks in a row have found it in a new place."""
    looks: Count = 0
    """How many looks there were since it moved last."""
    beside: Annotated[list[Beside], AtMost(MAX_LOOKS)] = field(default_factory=list)
    beside_s: float | None = None
    """When the last of those was taken."""


def rest(
    at: float, known: FollowedState, candidate: Box | None, *, living_s: float | None, still_s: float
) -> None:
    """Judge a face that was seen now: whether it has moved, or has stayed for long enough.

    `candidate`: where the candidate's face is; None for that one itself. `living_s`: when somebody who moves
    was last seen.
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
    if alike and known.standing is Standing.PERSON and at - known.since_s < still_s:
        # It moved before it could be compared.
        known.standing, known.moves, known.still_s, known.mirrored = (
            Standing.UNDECIDED,
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
        known.standing, known.known, known.moves = Standing.PICTURE, True, 0


def _moved(at: float, known: FollowedState) -> None:
    known.moves += 1
    if known.known and known.moves == 1:
        known.standing, known.since_s = Standing.UNDECIDED, at
    else:
        known.standing = Standing.PERSON
    known.still_s, known.places, known.new, known.beside = at, known.places[-1:], 1, []
    known.looks = 0


def _note_beside(at: float, known: FollowedState, candidate: Box) -> None:
    if known.beside_s is not None and at - known.beside_s < SPACING_S - EPSILON_S:
        return
    x, y, other_x, other_y = (round(value, 2) for value in (*middle(candidate), *middle(known.box)))
    known.beside = [*known.beside[1 - MAX_LOOKS :], (x, y, other_x, other_y)]
    known.beside_s = at


def _is_near(box: Box, place: Box) -> bool:
    """Whether a face in `box` may still be the one in `place`, not moved."""
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
