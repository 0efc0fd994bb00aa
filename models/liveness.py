"""Whether a face is real or a picture of one, by two MiniFASNets (Minivision, Apache-2.0). Advisory.

A face is judged only where the networks are reliable: in grey, blurred and dim pictures, in frames with bars
at the edges and where the two networks disagree, real people score like printed ones (see `Needs`).

Input: the face with its surroundings, 2.7 and 4.0 times the face box, 80×80 BGR 0…255: a picture shows mostly
by its edge and texture. A crop that would leave the frame is moved into it, and shrunk if necessary, as in
their training. Output: three logits, of which the second means a real face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from models.images import Image, inside
from models.network import Network
from models.results import Box, Face, Floats
from models.sharpness import sharpness_of

SIDE_PX = 80
SCALES = (2.7, 4.0)
LIVE = 1
LEAST_SCALE = 1.5
"""A face with less of its surroundings in the picture is not judged. Five people filmed closer and closer
(105 looks) scored ≥0.55 with 1.5 times the face or more, and as low as 0.01 with less, like printed ones."""


class Unjudged(StrEnum):
    """Why a face is not judged."""

    NO_ROOM = "too little around the face"
    NO_COLOUR = "the picture has no colour"
    DARK = "too dark"
    BLURRED = "blurred"
    DISAGREEMENT = "the networks disagree"


@dataclass(frozen=True, slots=True)
class Needs:
    """The conditions a face must meet to be judged.

    Seventeen films of people (62 s of footage in all), varied thirty ways, gave 2,800 looks. All but ten of
    the mean scores below 0.3 came from pictures without colour, blurred below 20 or darker than 70; those ten
    had bars around them. Under these conditions none is below 0.3, and 97 of 100 staged prints and screens
    are below 0.2. Later an honest film at 71, with the noise of a dim room, had 0.02 to 0.2 throughout, so
    more light than that is asked for.
    """

    chroma: float = 3.0
    """Standard deviation of the face's two colour axes together, levels of CIE Lab: faces have 3.7 to 20."""
    sharpness: float = 20.0
    """As `models.sharpness` measures it."""
    brightness: float = 90.0
    """Mean lightness of the face, 0…255."""
    disagreement: float = 0.4
    """The largest allowed difference between the scores of the two networks."""


@dataclass(frozen=True, slots=True)
class Life:
    """The result: a score, or why there is none."""

    score: float | None
    """Probability that the face is real, 0…1."""
    unjudged: Unjudged | None = None


class Liveness:
    """Judges a face with its surroundings. `networks` are in the order of `SCALES`."""

    def __init__(self, networks: tuple[Network, ...], needs: Needs | None = None) -> None:
        self._networks = networks
        self._needs = needs or Needs()

    @property
    def device(self) -> str:
        return self._networks[0].device

    def judge(self, frame: Image, face: Face) -> Life:
        """Whether a face in a BGR frame is real, if that can be judged."""
        area = without_bars(frame)
        picture = inside(frame, area)
        box = Box(face.box.x_px - area.x_px, face.box.y_px - area.y_px, face.box.width_px, face.box.height_px)
        if reason := self._unfit(picture, box):
            return Life(None, reason)
        scores = self._scores(picture, box)
        if max(scores) - min(scores) > self._needs.disagreement:
            return Life(None, Unjudged.DISAGREEMENT)
        return Life(float(np.mean(scores)))

    def _unfit(self, picture: Image, box: Box) -> Unjudged | None:
        needs, chip = self._needs, inside(picture, box)
        if chip.size == 0 or room_around(picture, box) < LEAST_SCALE:
            return Unjudged.NO_ROOM
        lightness, *colours = _lightness_and_colours(chip)
        if math.hypot(*colours) < needs.chroma:
            return Unjudged.NO_COLOUR
        if lightness < needs.brightness:
            return Unjudged.DARK
        return Unjudged.BLURRED if sharpness_of(picture, box).value < needs.sharpness else None

    def _scores(self, frame: Image, box: Box) -> list[float]:
        return [
            self._probability(network, frame, surroundings(frame, box, scale))
            for network, scale in zip(self._networks, SCALES, strict=True)
        ]

    def _probability(self, network: Network, frame: Image, area: Box) -> float:
        chip = cv2.resize(inside(frame, area), (SIDE_PX, SIDE_PX))
        return likely(network.run({"input": cv2.dnn.blobFromImage(chip)})["output"][0])


def _lightness_and_colours(chip: Image) -> tuple[float, float, float]:
    """Mean lightness, and the standard deviation of either colour axis."""
    light, one, other = cv2.split(cv2.cvtColor(chip, cv2.COLOR_BGR2LAB))
    return float(light.mean()), float(one.std()), float(other.std())


BAR_LEVELS = 2.5
"""The largest standard deviation in levels within a row or column of a bar: compression adds some."""


def without_bars(frame: Image) -> Box:
    """The part of the frame inside plain bars at its edges, as some programs send them; the whole frame if
    there are none."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    height_px, width_px = grey.shape
    top, bottom = _bars(grey.std(axis=1))
    left, right = _bars(grey[top : height_px - bottom].std(axis=0))
    return Box(left, top, width_px - left - right, height_px - top - bottom)


def _bars(unevenness: Floats) -> tuple[int, int]:
    """The number of even lines at the start and at the end; zero if all are even."""
    uneven = np.flatnonzero(unevenness > BAR_LEVELS)
    return (int(uneven[0]), int(len(unevenness) - 1 - uneven[-1])) if len(uneven) else (0, 0)


def surroundings(frame: Image, box: Box, scale: float) -> Box:
    """The box enlarged by `scale` about its centre, inside the frame and with the same shape."""
    height_px, width_px = frame.shape[:2]
    scale = min(scale, room_around(frame, box))
    wide, high = max(box.width_px, 1.0) * scale, max(box.height_px, 1.0) * scale
    left = box.x_px + (box.width_px - wide) / 2
    top = box.y_px + (box.height_px - high) / 2
    return Box(min(max(left, 0.0), width_px - wide), min(max(top, 0.0), height_px - high), wide, high)


def room_around(frame: Image, box: Box) -> float:
    """How many times the face box fits into the frame."""
    height_px, width_px = (float(side_px) for side_px in frame.shape[:2])
    return min(width_px / max(box.width_px, 1.0), height_px / max(box.height_px, 1.0))


def likely(logits: Floats) -> float:
    """The probability of a real face from three logits."""
    weights = np.exp(logits - logits.max())
    return float(weights[LIVE] / weights.sum())
