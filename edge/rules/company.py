"""Follows the faces of a session, and tells people from pictures of people.

A face that has moved is a person at once. A face that has not moved yet is undecided: it counts neither as a
person nor as a picture. When it has not moved for `still_s` while another face moved, it is a picture: a
poster, a photograph, a still screen. A face that moves only as the candidate's does is a picture too: a
mirror image.

The candidate's face is the given one, if known; otherwise the one that was the candidate's in the last look;
otherwise the largest. It is never a picture.
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
from edge.rules.resting import FaceKind, FollowedState, rest
from edge.rules.settings import CompanySettings
from shared.observations import Box, FaceSeen
from shared.saving import AtMost

MAX_FACES = 8
"""The most faces and pictures that are followed at a time."""
LATELY_S = 3.0
"""For this long after it was last seen, a picture explains a person's shape at its place."""
REACH_WIDTHS = 2.0
"""How far a face may move between two looks, in widths of the face."""


@dataclass(slots=True)
class CompanyState:
    """All followed faces, and the place of the candidate's."""

    faces: Annotated[list[FollowedState], AtMost(MAX_FACES)] = field(default_factory=list)
    own: Box | None = None
    """The last place of the candidate's face."""
    own_s: float = 0.0
    changed: bool = False
    """Whether the last look took another face for the candidate's than the look before."""
    living_s: float | None = None
    """Last time a face that has moved was seen."""
    alone_s: float | None = None
    """Last time there was certainly at most one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The faces of one frame, sorted by what they are."""

    own: FaceSeen | None
    """The candidate's face; None without one."""
    faces: tuple[FaceSeen, ...]
    """All faces except those of pictures."""
    counted: tuple[FaceSeen, ...]
    """Of these, the ones that are large and certain enough."""
    people: tuple[FaceSeen, ...]
    """Of these, the faces that have moved; the most certain first."""
    undecided: tuple[Box, ...]
    """Faces that have not moved yet."""
    pictures: tuple[Box, ...]
    """Places of the pictures seen in the last `LATELY_S`."""
    since_s: float | None = None
    """Start of the time with more than one person; None with at most one."""
    changed: bool = False
    """Whether the last look took another face for the candidate's."""


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
        """Sort the faces of a look. `given`: the candidate's face, if known; `alike`: other faces that the
        recogniser takes for the candidate's too."""
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
        people = tuple(face for face, known in seen if known.standing is FaceKind.PERSON)
        undecided = tuple(known.box for _, known in seen if known.standing is FaceKind.UNDECIDED)
        return self._present(at, own, _without_pictures(faces, seen), people, undecided)

    def recognise(self, at: float, box: Box) -> None:
        """Note that the face in this box is the candidate's."""
        self._state.own, self._state.own_s = box, at

    def picture_in_view(self, at: float, *, raised: bool) -> Judgement:
        """Whether a picture is in view that was not reported yet; with `raised`, whether any picture is."""
        seen = [each for each in self._state.faces if each.seen_s == at]
        pictures = [each for each in seen if each.standing is FaceKind.PICTURE]
        new = [each for each in pictures if raised or not each.told]
        if not new:
            return UNKNOWN if pictures or any(each.standing is FaceKind.UNDECIDED for each in seen) else NO
        for each in pictures:
            each.told = each.told or raised
        evidence = {
            "pictures": len(pictures),
            "mirror_images": sum(each.mirrored for each in pictures),
            "still_seconds_bound": self._settings.still_s,
        }
        return Judgement(True, 1.0, evidence, min(each.still_s for each in new))

    def more_than_one_since_s(self, at: float | None) -> float | None:
        """Start of the time with perhaps more than one person, by the look at `at`; None with at most one."""
        seen = (each for each in self._state.faces if each.seen_s == at)
        since_s = sorted(each.since_s for each in seen if each.standing is not FaceKind.PICTURE)[1:2]
        return max(since_s[0], self._state.alone_s or since_s[0]) if since_s else None

    def pause(self, until_s: float) -> None:
        """Do not count the time from the last look until `until_s` as time without movement."""
        for each in self._state.faces:
            away_s = max(0.0, until_s - each.seen_s)
            each.seen_s += away_s
            each.still_s += away_s
            each.since_s += away_s
        if self._state.own is not None:
            self._state.own_s = max(self._state.own_s, until_s)

    def begin_again(self, at: float) -> None:
        """Count the followed faces as present from `at` on only, because earlier events have ended."""
        for each in self._state.faces:
            each.since_s = max(each.since_s, at)

    def _counts(self, face: FaceSeen) -> bool:
        settings = self._settings
        return face.score >= settings.min_score and smaller_side_px(face) >= settings.min_face_px

    def _own(
        self, at: float, faces: Sequence[FaceSeen], counted: Sequence[FaceSeen], given: FaceSeen | None
    ) -> FaceSeen | None:
        """The candidate's face: the given one, otherwise the candidate's of the last look, otherwise the
        largest."""
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
            each.since_s for each in lately if each.seen_s == at and each.standing is FaceKind.PERSON
        )
        return Present(
            own=own,
            faces=faces,
            counted=tuple(face for face in distinct_faces(faces) if self._counts(face)),
            people=people,
            undecided=undecided,
            pictures=tuple(each.box for each in lately if each.standing is FaceKind.PICTURE),
            changed=state.changed,
            since_s=max(began[1], state.alone_s or began[1]) if len(began) > 1 else None,
        )

    def _follow(self, at: float, faces: Sequence[FaceSeen]) -> list[tuple[FaceSeen, FollowedState]]:
        """Each face with its state. Faces out of sight are forgotten, pictures are not."""
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
        # When there are too many, those out of sight for longest are dropped.
        followed = [*(known for _, known in pairs), *sorted(free, key=lambda each: -each.seen_s)]
        state.faces = followed[:MAX_FACES]
        return pairs


def _without_pictures(
    faces: Iterable[FaceSeen], seen: Iterable[tuple[FaceSeen, FollowedState]]
) -> tuple[FaceSeen, ...]:
    """The faces except those of pictures, which the detector may have found twice."""
    pictures = [known.box for _, known in seen if known.standing is FaceKind.PICTURE]
    return tuple(
        face for face in faces if all(overlap(face.box, box) <= SAME_FACE_OVERLAP for box in pictures)
    )


def _same(box: Box, known: Sequence[FollowedState]) -> FollowedState | None:
    """The followed face in this box: it overlaps, or is near and of similar size. None for a new face."""
    best = max(known, key=lambda each: overlap(each.box, box), default=None)
    if best is not None and overlap(best.box, box) > FOLLOWED_OVERLAP:
        return best
    reach_px = REACH_WIDTHS * box.width_px
    near = {
        dist(middle(each.box), middle(box)): each
        for each in known
        if each.standing is not FaceKind.PICTURE and 0.5 < each.box.width_px / box.width_px < 2
    }
    nearest_px = min(near, default=reach_px)
    return near[nearest_px] if nearest_px < reach_px else None
