"""Judges one frame for people and objects, without faces."""

from __future__ import annotations

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation

KINDS = {EventType.PHONE_VISIBLE: "phone", EventType.BOOK_VISIBLE: "book"}


def multiple_persons(observation: Observation) -> Judgement:
    """More than one person, with or without visible faces."""
    persons = observation.persons
    if persons is None:
        return UNKNOWN
    if persons.count < 2:
        return NO
    return Judgement(True, persons.score, {"persons": persons.count, "score": round(persons.score, 3)})


def object_visible(observation: Observation, event: EventType, settings: Settings) -> Judgement:
    """An object of the kind that `event` is about."""
    if observation.objects is None:
        return UNKNOWN
    bound = settings.threshold(event)
    scores = [each.score for each in observation.objects if each.kind == KINDS[event]]
    if max(scores, default=-1.0) < bound:
        return NO
    best = max(scores)
    return Judgement(True, best, {"score": round(best, 3), "score_bound": bound})
