"""Follows the faces of a session, and tells people from pictures of people.

A face that has moved is a person at once. One that has not is undecided: neither a person nor none. When it
has stayed for `still_s` beside somebody who moves, it is a picture: a poster, a photograph, a still screen.
So is one that moves only as the candidate does, a mirror image.

The candidate's face is the one that is told, else the one that was it, else the largest; never a picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import dist
from typing import Annotated

from edge.rules.boxes import (
    FOLLOWED_OVERLAP,
    SAME_FACE_OVERLAP,
    distinct_faces,
    followed,
    largest,
    middle,
    overlap,
    smaller_side_px,
)
from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.resting import FollowedState, Standing, rest
from edge.rules.settings import CompanySettings
from shared.observations import Box, FaceSeen
from shared.saving import AtMost

MAX_FACES = 8
"""Faces followed and pictures remembered at a time."""
LATELY_S = 3.0
"""For so long after it was last seen, a picture explains a person's shape in its place."""
REACH_WIDTHS = 2.0
"""How far a face may get between two looks, in its widths."""


@dataclass(slots=True)
class CompanyState:
    """Every face that is followed, and what is known of the candidate's."""

    faces: Annotated[list[FollowedState], AtMost(MAX_FACES)] = field(default_factory=list)
    own: Box | None = None
    """Where the candidate's face was seen last."""
    own_s: float = 0.0
    changed: bool = False
    """Whether that is another face than the one before."""
    living_s: float | None = None
    """When a face that has moved was last seen."""
    alone_s: float | None = None
    """When there was last certainly no more than one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Whose faces are in one frame."""

    own: FaceSeen | None
    """The candidate's."""
    faces: tuple[FaceSeen, ...]
    """All but those of pictures."""
    counted: tuple[FaceSeen, ...]
    """Of these, the large and certain ones."""
    people: tuple[FaceSeen, ...]
    """Of these, those that have moved; the most certain first."""
    undecided: tuple[Box, ...]
    """Faces that have not moved yet."""
    pictures: tuple[Box, ...]
    """Pictures seen lately."""
    since_s: float | None = None
    """Since when there has been more than one person."""
    changed: bool = False
    """Whether the candidate's face is another one than at the last look."""


class Company:
    """Follows the faces of one session."""

    __slots__ = ("_settings", "_state")

    def __init__(self, settings: CompanySettings, state: CompanyState) -> None:
        self._settings = settings
        self._state = state

    def see(
        self,
        at: float,
        faces: tuple[FaceSeen, ...],
        given: FaceSeen | None = None,
        alike: Collection[FaceSeen] = (),
    ) -> Present:
        """Whose faces these are. `given`: the candidate's, where that is known; `alike`: others that are
        taken for the candidate's as well."""
        counted = distinct_faces(face for face in faces if self._counts(face))
        still_s = self._settings.still_s
        if still_s is None:
            return self._present(at, self._own(at, faces, counted, given), faces, tuple(counted), ())
        seen = self._follow(at, counted)
        kept, among = _without_pictures(faces, seen), _without_pictures(counted, seen)
        own = self._own(at, kept, among, given)
        for face, known in seen:
            known.alike_s = at if face in alike else known.alike_s
            candidate = None if face is own or own is None else own.box
            rest(at, known, candidate, living_s=self._state.living_s, still_s=still_s)
        people = tuple(face for face, known in seen if known.standing is Standing.PERSON)
        undecided = tuple(known.box for _, known in seen if known.standing is Standing.UNDECIDED)
        return self._present(at, own, _without_pictures(faces, seen), people, undecided)

    def recognise(self, at: float, box: Box) -> None:
        """Note that the face in this box is the candidate's."""
        self._state.own, self._state.own_s = box, at

    def picture_in_view(self, at: float, *, raised: bool) -> Judgement:
        """Whether a picture is in view that was not reported yet; with `raised`, any picture."""
        seen = [each for each in self._state.faces if each.seen_s == at]
        pictures = [each for each in seen if each.standing is Standing.PICTURE]
        new = [each for each in pictures if raised or not each.told]
        if not new:
            return UNKNOWN if pictures or any(each.standing is Standing.UNDECIDED for each in seen) else NO
        for each in pictures:
            each.told = each.told or raised
        evidence = {
            "pictures": len(pictures),
            "mirror_images": sum(each.mirrored for each in pictures),
            "still_seconds_bound": self._settings.still_s,
        }
        return Judgement(True, 1.0, evidence, min(each.still_s for each in new))

    def more_than_one_since_s(self, at: float | None) -> float | None:
        """Since when there may have been more than one person, as of the look at `at`; None where not."""
        seen = (each for each in self._state.faces if each.seen_s == at)
        since_s = sorted(each.since_s for each in seen if each.standing is not Standing.PICTURE)[1:2]
        return max(since_s[0], self._state.alone_s or since_s[0]) if since_s else None

    def pause(self, until_s: float) -> None:
        """Do not count the time since the last look as standing still."""
        for each in self._state.faces:
            away_s = max(0.0, until_s - each.seen_s)
            each.seen_s += away_s
            each.still_s += away_s
            each.since_s += away_s
        if self._state.own is not None:
            self._state.own_s = max(self._state.own_s, until_s)

    def begin_again(self, at: float) -> None:
        """From now on, faces seen before count as present only since now: what was open has ended."""
        for each in self._state.faces:
            each.since_s = max(each.since_s, at)

    def _counts(self, face: FaceSeen) -> bool:
        settings = self._settings
        return face.score >= settings.min_score and smaller_side_px(face) >= settings.min_face_px

    def _own(
        self, at: float, faces: Sequence[FaceSeen], counted: Sequence[FaceSeen], given: FaceSeen | None
    ) -> FaceSeen | None:
        """The candidate's face: the given one, else the one that was it, else the largest."""
        state, among = self._state, counted or faces
        lately = state.own if at - state.own_s <= self._settings.max_gap_s + EPSILON_S else None
        own = given if given in among else followed(lately, among) or largest(among)
        if own is not None:
            state.changed = state.own is not None and overlap(state.own, own.box) <= FOLLOWED_OVERLAP
            state.own, state.own_s = own.box, at
        return own

    def _present(
        self,
        at: float,
        own: FaceSeen | None,
        faces: tuple[FaceSeen, ...],
        people: tuple[FaceSeen, ...],
        undecided: tuple[Box, ...],
    ) -> Present:
        state = self._state
        if len(people) + len(undecided) < 2:
            state.alone_s = at
        if people:
            state.living_s = at
        lately = [each for each in state.faces if at - each.seen_s <= LATELY_S]
        began = sorted(
            each.since_s for each in lately if each.seen_s == at and each.standing is Standing.PERSON
        )
        return Present(
            own=own,
            faces=faces,
            counted=tuple(face for face in distinct_faces(faces) if self._counts(face)),
            people=people,
            undecided=undecided,
            pictures=tuple(each.box for each in lately if each.standing is Standing.PICTURE),
            changed=state.changed,
            since_s=max(began[1], state.alone_s or began[1]) if len(began) > 1 else None,
        )

    def _follow(self, at: float, faces: Sequence[FaceSeen]) -> list[tuple[FaceSeen, FollowedState]]:
        """The faces with what is known of each; those out of sight are forgotten, pictures are not."""
        gap_s, state = self._settings.max_gap_s + EPSILON_S, self._state
        free = [each for each in state.faces if each.known or at - each.seen_s <= gap_s]
        pairs = []
        for face in faces:
            known = _same(face.box, free)
            if known is None:
                known = FollowedState(face.box, at, at, at)
            else:
                free.remove(known)
            known.box, known.seen_s = face.box, at
            pairs.append((face, known))
        # Those longest out of sight go first.
        followed = [*(known for _, known in pairs), *sorted(free, key=lambda each: -each.seen_s)]
        state.faces = followed[:MAX_FACES]
        return pairs


def _without_pictures(
    faces: Iterable[FaceSeen], seen: Iterable[tuple[FaceSeen, FollowedState]]
) -> tuple[FaceSeen, ...]:
    """The faces but those of pictures, found once or twice."""
    pictures = [known.box for _, known in seen if known.standing is Standing.PICTURE]
    return tuple(
        face for face in faces if all(overlap(face.box, box) <= SAME_FACE_OVERLAP for box in pictures)
    )


def _same(box: Box, known: Sequence[FollowedState]) -> FollowedState | None:
    """Which of the followed faces this one is: it overlaps, or is about as large and near enough."""
    best = max(known, key=lambda each: overlap(each.box, box), default=None)
    if best is not None and overlap(best.box, box) > FOLLOWED_OVERLAP:
        return best
    reach_px = REACH_WIDTHS * box.width_px
    near = {
        dist(middle(each.box), middle(box)): each
        for each in known
        if each.standing is not Standing.PICTURE and 0.5 < each.box.width_px / box.width_px < 2
    }
    nearest_px = min(near, default=reach_px)
    return near[nearest_px] if nearest_px < reach_px else None
