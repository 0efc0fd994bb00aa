"""Judges one frame for people and objects, without faces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.rules.boxes import holds, middle
from edge.rules.company import Present
from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Box, Observation

KINDS = {EventType.PHONE_VISIBLE: "phone", EventType.BOOK_VISIBLE: "book"}


def multiple_persons(observation: Observation, present: Present) -> Judgement:
    """More than one person is in view, with or without a visible face; people in pictures do not count."""
    persons = observation.persons
    if persons is None:
        return UNKNOWN
    own = None if present.own is None else present.own.box
    shown = shapes_of(present.pictures, persons.boxes, own)
    count = persons.count - len(shown)
    if count < 2:
        return NO
    left = [box for box in persons.boxes if box not in shown]
    if count - len(shapes_of(present.undecided, left, own)) < 2:
        return UNKNOWN
    return Judgement(True, persons.score, {"persons": count, "score": round(persons.score, 3)})


def shapes_of(faces: Iterable[Box], persons: Sequence[Box], own: Box | None) -> set[Box]:
    """The persons' shapes that belong to these faces: the smallest around each face, without the
    candidate's."""
    free = [box for box in persons if own is None or not holds(box, middle(own))]
    around = ([box for box in free if holds(box, middle(face))] for face in faces)
    return {min(boxes, key=lambda box: box.area_px2) for boxes in around if boxes}


def object_visible(observation: Observation, event: EventType, settings: Settings) -> Judgement:
    """An object of the event's kind is in view."""
    if observation.objects is None:
        return UNKNOWN
    bound = settings.threshold(event)
    scores = [each.score for each in observation.objects if each.kind == KINDS[event]]
    if max(scores, default=-1.0) < bound:
        return NO
    best = max(scores)
    return Judgement(True, best, {"score": round(best, 3), "score_bound": bound})
