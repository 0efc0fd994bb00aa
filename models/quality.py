"""Is this picture of a face good enough? Quality gates, as values that a person can act on.

Two gates judge the same measurements: a strict one for the pictures a template is made of, a looser one for
checks during the exam. Whatever fails is named with its value, its bound and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from models.images import Image, inside, laplacian_variance
from models.results import Box, Face, HeadPose

SHARPNESS_WIDTH_PX = 160
"""Sharpness is measured on the grey face at this width, so it means the same for near and far faces."""
MIN_SHARPNESS = 20.0
"""Where people draw the line. Looked at: 50 faces between 4 and 150 at that width. From 25 up all are crisp
(GRID recordings 22 to 50, a NASA portrait 82, enlarged and compressed 32 to 64); up to 11 all are smeared;
between them lie a face out of focus (21) and slightly soft ones. 100 would refuse the portrait."""


FACE_SHAPE = 1.2
"""Height over width of a whole face in a detector's box."""
MIN_SHOWN_PERCENT = 75.0
"""Of that shape, of a face at the edge of the frame: a mesh squeezes itself into what is left of a face.
Seven people moved out of the frame by 10 to 60 % of their faces (315 looks that passed all other checks, two
detectors): 50 were strangers to some recogniser, and one of the 116 looks that show so much."""
_NEAR = 0.1
"""So many widths of the face from the frame's edge, a box may have shrunk away from it."""


class Check(StrEnum):
    """What is checked."""

    ONE_FACE = "one-face"
    WHOLE = "whole-face"
    SIZE = "size"
    SHARPNESS = "sharpness"
    BRIGHTNESS = "brightness"
    YAW = "yaw"
    PITCH = "pitch"
    ROLL = "roll"


@dataclass(frozen=True, slots=True)
class Range:
    """What is good enough; None is unbounded."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"at least {self.low:g}" if self.low is not None else f"at most {self.high:g}"
        return f"{self.low:g} to {self.high:g}" if self.low != self.high else f"exactly {self.low:g}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One check that did not pass."""

    check: Check
    value: float
    bound: Range
    remedy: str
    """What the candidate can do, as a sentence."""

    def __str__(self) -> str:
        return f"{self.check.value} is {self.value:.0f}, needed {self.bound}: {self.remedy}"


@dataclass(frozen=True, slots=True)
class Gate:
    """Bounds on each measurement."""

    bounds: tuple[tuple[Check, Range], ...]


WHOLE = (Check.WHOLE, Range(low=MIN_SHOWN_PERCENT))
"""No policy asks for less: without the whole face nobody can be told from anybody."""
ENROLLMENT = Gate(
    (
        (Check.ONE_FACE, Range(1, 1)),
        WHOLE,
        (Check.SIZE, Range(low=80)),
        (Check.SHARPNESS, Range(low=MIN_SHARPNESS)),
        (Check.BRIGHTNESS, Range(40, 220)),
        (Check.YAW, Range(-20, 20)),
        (Check.PITCH, Range(-20, 20)),
        (Check.ROLL, Range(-20, 20)),
    )
)
VERIFICATION = Gate(
    (
        (Check.ONE_FACE, Range(1, 1)),
        WHOLE,
        (Check.SIZE, Range(low=48)),
        (Check.BRIGHTNESS, Range(40, 220)),
        (Check.YAW, Range(-35, 35)),
        (Check.PITCH, Range(-35, 35)),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What was measured on one picture's face."""

    faces: int
    box: Box
    sharpness: float
    """Variance of the Laplacian, squared levels."""
    brightness: float
    """Mean grey of the face, 0…255."""
    shown_percent: float = 100.0
    """How much of a whole face's shape the frame shows: less where its edge cuts through the face."""
    illumination_variance: float
    """Variance of grey between eight by eight patches of the face, squared levels: high is light from one
    side."""
    head: HeadPose | None
    """None where no pose is known; then its checks are left out."""

    @property
    def size_px(self) -> float:
        """The shorter side of the face."""
        return min(self.box.width_px, self.box.height_px)

    @property
    def score(self) -> float:
        """0…1, one number to rank pictures by: the product of how good size, sharpness, light and pose
        are."""
        light = _ramp(self.brightness, 20, 90) * _ramp(255 - self.brightness, 15, 60)
        turned_deg = 0.0 if self.head is None else max(abs(self.head.yaw_deg), abs(self.head.pitch_deg))
        parts = (
            _ramp(self.size_px, 24, 160),
            _ramp(self.sharpness, 5, 120),
            light,
            _ramp(60 - turned_deg, 0, 60),
        )
        return float(np.prod(parts) ** (1 / len(parts)))

    def value(self, check: Check) -> float | None:
        """The measurement a check looks at, None when unknown."""
        if check is Check.ONE_FACE:
            return float(self.faces)
        if check is Check.WHOLE:
            return self.shown_percent
        if check is Check.SIZE:
            return self.size_px
        if check is Check.SHARPNESS:
            return self.sharpness
        if check is Check.BRIGHTNESS:
            return self.brightness
        angles = {Check.YAW: "yaw_deg", Check.PITCH: "pitch_deg", Check.ROLL: "roll_deg"}
        return None if self.head is None else float(getattr(self.head, angles[check]))


def measure(frame: Image, faces: tuple[Face, ...], head: HeadPose | None) -> Quality:
    """Measures the largest of the frame's faces. Raises ValueError when there is none."""
    if not faces:
        raise ValueError("there is no face to measure")
    box = max(faces, key=lambda face: face.box.area_px2).box
    crop = inside(frame, box)
    if crop.size == 0:
        return Quality(
            faces=len(faces), box=box, sharpness=0, brightness=0, illumination_variance=0, head=head
        )
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    height_px = max(8, round(grey.shape[0] * SHARPNESS_WIDTH_PX / grey.shape[1]))
    method = cv2.INTER_AREA if grey.shape[1] > SHARPNESS_WIDTH_PX else cv2.INTER_LINEAR
    scaled = cv2.resize(grey, (SHARPNESS_WIDTH_PX, height_px), interpolation=method).astype(
        np.uint8, copy=False
    )
    patches = cv2.resize(scaled, (8, 8), interpolation=cv2.INTER_AREA)
    return Quality(
        faces=len(faces),
        box=box,
        sharpness=laplacian_variance(scaled),
        brightness=float(scaled.mean()),
        shown_percent=shown_percent(frame, box),
        illumination_variance=float(patches.var()),
        head=head,
    )


def shown_percent(frame: Image, box: Box) -> float:
    """How much of a whole face's shape the frame shows under the box; 100 where the box is off the edges."""
    height_px, width_px = frame.shape[:2]
    left, top = float(max(0.0, box.x_px)), float(max(0.0, box.y_px))
    right, bottom = min(width_px, box.x_px + box.width_px), min(height_px, box.y_px + box.height_px)
    spare_px = min(left, top, width_px - right, height_px - bottom)
    wide: float = right - left
    high: float = bottom - top
    if wide <= 0 or high <= 0 or spare_px > _NEAR * wide:
        return 100.0
    shape = high / wide / FACE_SHAPE
    return 100.0 * min(1.0, shape, 1 / shape)


def failures(quality: Quality, gate: Gate) -> tuple[Failure, ...]:
    """The gate's checks that the picture does not pass, in the gate's order. Unknown angles are not
    judged."""
    values = ((check, bound, quality.value(check)) for check, bound in gate.bounds)
    return tuple(
        Failure(check, value, bound, remedy(check, value, bound))
        for check, bound, value in values
        if value is not None and not bound.holds(value)
    )


NO_FACE = Failure(
    Check.ONE_FACE, 0, Range(1, 1), "sit before the camera so that your whole face is in the picture"
)


def remedy(check: Check, value: float, bound: Range) -> str:
    """What to do about a failed check."""
    low = bound.low is not None and value < bound.low
    return {
        Check.ONE_FACE: NO_FACE.remedy if low else "be alone before the camera",
        Check.WHOLE: "move so that your whole face is in the picture",
        Check.SIZE: "come closer to the camera",
        Check.SHARPNESS: "hold still, clean the lens, and add light",
        Check.BRIGHTNESS: "turn on more light in front of you" if low else "reduce the light on your face",
        Check.YAW: "turn your face to the camera",
        Check.PITCH: "raise your chin, or lower the camera"
        if low
        else "lower your chin, or raise the camera",
        Check.ROLL: "hold your head upright",
    }[check]


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, straight between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
