"""Cuts the two people of the rehearsal out of their portraits.

A rough hand-drawn outline (certainly inside, possibly inside) is refined by GrabCut (Rother, Kolmogorov
and Blake 2004, as in OpenCV) and softened, so that no background of the portrait appears in the room.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError

Image = NDArray[np.uint8]

_GRABCUT_ROUNDS = 4
_EDGE_SOFTNESS_PX = 1.3
_SHARPENING_PX = 1.4


@dataclass(frozen=True, slots=True)
class Cutout:
    """One person without a background.

    `colour` is BGR premultiplied by `alpha` (H×W×3), `alpha` is 0…255 (H×W). `face` is the centre between
    eyes and mouth, where a figure is held; the head moves freely above `chin_y_px` and not at all below
    `collar_y_px`.
    """

    colour: Image
    alpha: Image
    face: tuple[int, int]
    chin_y_px: int
    collar_y_px: int


@dataclass(frozen=True, slots=True)
class _Portrait:
    """The place of a portrait and, drawn by hand in its pixels, the outline of the person."""

    package: str
    member: str
    size_px: tuple[int, int]
    face: tuple[int, int]
    chin_y_px: int
    collar_y_px: int
    crispness: float
    """Strength of the sharpening; webcams sharpen too, and the portraits differ in softness."""
    within: str
    """Outline that contains the whole person, `x,y` corners."""
    surely: str
    """Outline that contains only the person."""


_COLLINS = _Portrait(
    package="skimage",
    member="data/astronaut.png",
    size_px=(512, 512),
    face=(226, 122),
    chin_y_px=176,
    collar_y_px=290,
    crispness=1.5,
    within="140,95 150,50 190,12 240,10 290,45 308,95 295,130 285,165 310,215 312,238 355,270 372,350 372,512"
    " 10,512 18,400 40,280 90,225 105,180 130,150 165,140",
    surely="165,95 170,60 200,35 240,30 275,55 285,95 262,150 258,175 285,225 295,255 330,285 345,345 340,500"
    " 40,500 50,400 65,290 115,235 125,190 180,160 185,125",
)
_HOPPER = _Portrait(
    package="matplotlib",
    member="mpl-data/sample_data/grace_hopper.jpg",
    size_px=(512, 600),
    face=(266, 222),
    chin_y_px=318,
    collar_y_px=420,
    crispness=0.0,
    within="150,172 146,100 170,70 175,30 260,10 345,40 375,95 385,215 370,290 350,320 420,365 492,385"
    " 511,440 511,599 5,599 15,460 40,385 120,350 188,318 172,280 150,225",
    surely="160,155 160,115 190,75 200,50 260,35 330,60 360,100 365,160 355,230 335,300 320,330 400,375"
    " 480,400 495,450 500,599 25,599 40,450 60,395 150,360 205,310 185,265 165,215",
)


def candidate() -> Cutout:
    """Eileen Collins, who takes the exam."""
    return _cut(_COLLINS)


def other() -> Cutout:
    """Grace Hopper, who appears and later takes the candidate's place."""
    return _cut(_HOPPER)


@cache
def _cut(portrait: _Portrait) -> Cutout:
    picture = _load(portrait)
    mask = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.fillPoly(mask, [_corners(portrait.within)], cv2.GC_PR_FGD)
    cv2.fillPoly(mask, [_corners(portrait.surely)], cv2.GC_FGD)
    cv2.setRNGSeed(1)  # GrabCut's colour clusters start at random
    background, foreground, everything = np.zeros((1, 65)), np.zeros((1, 65)), (0, 0, *portrait.size_px)
    cv2.grabCut(picture, mask, everything, background, foreground, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    alpha = _soften(np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8))
    soft = cv2.GaussianBlur(picture, (0, 0), _SHARPENING_PX)
    crisp = cv2.addWeighted(picture, 1 + portrait.crispness, soft, -portrait.crispness, 0)
    colour = cv2.multiply(crisp, cv2.merge([alpha] * 3), scale=1 / 255)
    return Cutout(
        np.asarray(colour, np.uint8), alpha, portrait.face, portrait.chin_y_px, portrait.collar_y_px
    )


def _soften(inside: Image) -> Image:
    """The largest connected part, without hairs and holes, one pixel smaller, with a soft edge; 0…255."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(inside)
    largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    whole = (labels == largest).astype(np.uint8) * 255
    opened = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    smaller = cv2.erode(closed, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(smaller, (0, 0), _EDGE_SOFTNESS_PX), np.uint8)


def _load(portrait: _Portrait) -> Image:
    spec = find_spec(portrait.package)
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    # Find the package's file without an import: importing plotting libraries takes a second.
    picture = None if folder is None else cv2.imread(str(folder / portrait.member))
    if picture is None:
        raise ConfigError(
            f"{portrait.package} with its {portrait.member} is not installed: add the extra `demo`"
        )
    if picture.shape[1::-1] != portrait.size_px:
        raise ConfigError(
            f"{portrait.member} of {portrait.package} is not the picture that the outlines were drawn for"
        )
    return np.asarray(picture, np.uint8)


def _corners(text: str) -> NDArray[np.int32]:
    return np.array([[int(number) for number in corner.split(",")] for corner in text.split()], np.int32)
