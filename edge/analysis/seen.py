"""Converts networks' answers to values of an observation. Pure."""

from __future__ import annotations

from models import figure
from models.results import Body, Face, ObjectKind, SeenObject
from shared.observations import BodySeen, FaceSeen, HandsSeen, ObjectSeen, PersonsSeen

MIN_PERSON_SCORE = 0.5
MIN_PERSON_HEIGHT = 0.2
"""The least height of a person, as a share of the picture's; smaller ones are pictures on a wall or far
away."""


def faces_seen(faces: tuple[Face, ...]) -> tuple[FaceSeen, ...]:
    return tuple(FaceSeen(face.box, face.score) for face in faces)


def body_seen(body: Body | None) -> BodySeen:
    """The upper body; with no body found, nothing of it is visible."""
    if body is None:
        return BodySeen(shoulders_visible=False, visible_keypoints=0, presence=0.0)
    return BodySeen(
        shoulders_visible=figure.shoulders_visible(body),
        visible_keypoints=figure.visible_points(body),
        presence=body.presence,
    )


def hands_seen(body: Body | None, size_px: tuple[int, int]) -> HandsSeen | None:
    """The hands' places in a frame of this width and height; unknown when no body was found."""
    if body is None:
        return None
    return HandsSeen(to_ear_head_widths=figure.hand_to_ear(body, *size_px))


def persons_seen(things: tuple[SeenObject, ...], size_px: tuple[int, int]) -> PersonsSeen:
    """The number of people in a frame of this width and height."""
    persons = [
        thing
        for thing in things
        if thing.kind is ObjectKind.PERSON
        and thing.score >= MIN_PERSON_SCORE
        and thing.box.height_px >= MIN_PERSON_HEIGHT * size_px[1]
    ]
    return PersonsSeen(
        count=len(persons),
        score=min((person.score for person in persons), default=1.0),
        boxes=tuple(person.box for person in persons),
    )


def objects_seen(things: tuple[SeenObject, ...]) -> tuple[ObjectSeen, ...]:
    """Objects, without people."""
    return tuple(
        ObjectSeen(kind=thing.kind.value, score=thing.score, box=thing.box)
        for thing in things
        if thing.kind is not ObjectKind.PERSON
    )
