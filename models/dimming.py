"""Measures how much light a recogniser needs: compares darkened pictures with well-lit ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from models.images import Image
from models.people import Fitted, look
from models.quality import failures
from models.recognition import Recogniser
from models.results import Embedding
from models.serving import Serving
from models.similarity import ACCEPTED
from shared.policy.terms import VERIFICATION_GATE

LEVELS = (60.0, 50.0, 40.0, 33.0, 27.0, 22.0, 18.0, 14.0, 11.0, 8.0)
"""Mean grey of the face."""
NOISE = 2.0
"""Standard deviation of the sensor's noise, levels."""
QUALITY = 75
"""JPEG quality of the compression."""


def darker(lit: Fitted, brightness: float, serving: Serving) -> Fitted | None:
    """The same face with this mean grey, as a camera in dim light sends it. None if the picture is already
    darker or no longer passes the verification gate."""
    found = look(lit.picture, serving)
    if found is None or found[1].brightness < brightness:
        return None
    picture = sent(lit.picture, brightness / found[1].brightness)
    if (seen := look(picture, serving)) is None:
        return None
    return None if failures(seen[1], VERIFICATION_GATE) else replace(lit, picture=picture, mesh=seen[0])


def sent(picture: Image, light: float) -> Image:
    """A picture in so much of its light (1: all of it), with the noise of a sensor and compressed."""
    noise = np.random.default_rng(1).normal(0.0, NOISE, picture.shape)
    dimmed = np.clip(picture * light + noise, 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", dimmed, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    if unpacked is None:
        raise ValueError("a picture that was just compressed cannot be read")
    return unpacked.astype(np.uint8, copy=False)


def report(
    recogniser: Recogniser, lit: Sequence[Fitted], dimmed: Sequence[Fitted], groups: Mapping[str, str]
) -> Iterator[str]:
    """Per group: how many darkened pictures are not recognised, undecided or taken for the wrong person."""
    known = [(each, recogniser.embed(each.picture, each.mesh)) for each in lit if each.enrollable]
    seen = [(each, recogniser.embed(each.picture, each.mesh)) for each in dimmed]
    for group in sorted({*groups.values()} or {""}):
        within = [each for each in seen if groups.get(each[0].person, "") == group]
        own, others = _likenesses(recogniser, known, within)
        doubtful = sum(recogniser.undecided(each) for each in own)
        missed = sum(each < ACCEPTED for each in own) - doubtful
        taken = sum(each >= ACCEPTED for each in others)
        yield (
            f"{recogniser.name} {group}: {len(within)} seen, of {len(own)} own pairs {missed} missed and "
            f"{doubtful} in doubt, of {len(others)} strangers {taken} taken"
        )


def _likenesses(
    recogniser: Recogniser,
    known: Sequence[tuple[Fitted, Embedding]],
    seen: Sequence[tuple[Fitted, Embedding]],
) -> tuple[list[float], list[float]]:
    """Similarities to other pictures of the same person, and to other people."""
    own: list[float] = []
    others: list[float] = []
    for one, first in seen:
        for other, second in known:
            if one.person != other.person:
                others.append(recogniser.similarity(first, second))
            elif one.original != other.original:
                own.append(recogniser.similarity(first, second))
    return own, others
