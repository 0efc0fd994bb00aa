"""Checks whether a picture of a face is good enough, and tells the person what to improve.

Two gates use the same measurements: a strict one for the pictures of a template, a looser one for checks
during the exam. Their bounds come from the policy (`shared.policy.terms`). Each failure is named with its
value, its bound and a remedy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from models.images import Image, inside
from models.results import Box, Face, HeadPose
from models.sharpness import sharpness_of
from shared.policy.terms import Gate

MEASURED_WIDTH_PX = 160
"""Brightness is measured on the grey face at this width."""
DIM = 70.0
"""Below this mean grey the remedy for a blurred face is more light: cameras expose longer in the dark."""
FACE_SHAPE = 1.2
"""Height over width of a whole face in a detector's box."""
MIN_SHOWN_PERCENT = 75.0
"""The share of that shape required at the edge of the frame: a mesh fits itself into the visible part of a
face. Seven people moved out of the frame by 10 to 60 % of their faces (315 looks that passed all other
checks, two detectors): 50 were taken for strangers by some recogniser, but only one of the 116 looks with
this share."""
_NEAR = 0.1
"""In widths of the face: a box may have shrunk away from the frame's edge by this much."""


class Check(StrEnum):
    """The property that is checked."""

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
    """The accepted range; None is unbounded."""

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
    """What the candidate can do, in one sentence."""

    def __str__(self) -> str:
        return f"{self.check.value} is {self.value:.0f}, required {self.bound}: {self.remedy}"


@dataclass(frozen=True, slots=True)
class Needed:
    """What recognisers need of a picture, where the gate does not say."""

    brightness: float = 0.0
    sharpness: float = 0.0


def bounds(gate: Gate, needed: Needed | None = None) -> tuple[tuple[Check, Range], ...]:
    """The policy gate's range for each measurement. `needed` are the recognisers' bounds, used where the gate
    sets none."""
    needed = needed or Needed()
    brightness = needed.brightness if gate.min_brightness is None else gate.min_brightness
    sharpness = needed.sharpness if gate.min_sharpness is None else gate.min_sharpness
    asked = [
        (Check.ONE_FACE, Range(1, 1)),
        # No policy may lower this: without the whole face people cannot be distinguished.
        (Check.WHOLE, Range(low=MIN_SHOWN_PERCENT)),
        (Check.SIZE, Range(low=gate.min_face_px)),
        (Check.SHARPNESS, Range(low=sharpness)),
        (Check.BRIGHTNESS, Range(brightness, gate.max_brightness)),
        (Check.YAW, Range(-gate.max_yaw_deg, gate.max_yaw_deg)),
        (Check.PITCH, Range(-gate.max_pitch_deg, gate.max_pitch_deg)),
    ]
    if gate.max_roll_deg is not None:
        asked.append((Check.ROLL, Range(-gate.max_roll_deg, gate.max_roll_deg)))
    return tuple(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The measurements of the face in one picture."""

    faces: int
    box: Box
    sharpness: float
    """As `models.sharpness` measures it."""
    moved: bool = False
    """Whether it is blurred by movement."""
    brightness: float
    """Mean grey of the face, 0…255."""
    shown_percent: float = 100.0
    """How much of a whole face's shape the frame shows: less if its edge cuts through the face."""
    illumination_variance: float
    """Variance of grey between eight by eight patches of the face, squared levels: high with light from one
    side."""
    head: HeadPose | None
    """None if the pose is unknown; its checks are then left out."""

    @property
    def size_px(self) -> float:
        """The shorter side of the face."""
        return min(self.box.width_px, self.box.height_px)

    @property
    def score(self) -> float:
        """0…1, one number to rank pictures by: the product of the scores of size, sharpness, light and
        pose."""
        light = _ramp(self.brightness, 20, 90) * _ramp(255 - self.brightness, 15, 60)
        turned_deg = 0.0 if self.head is None else max(abs(self.head.yaw_deg), abs(self.head.pitch_deg))
        parts = (
            _ramp(self.size_px, 24, 160),
            _ramp(self.sharpness, 5, 45),
            light,
            _ramp(60 - turned_deg, 0, 60),
        )
        return float(np.prod(parts) ** (1 / len(parts)))

    def value(self, check: Check) -> float | None:
        """The measurement that a check uses; None if unknown."""
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
    """Measure the largest face in the frame. Raises ValueError if there is none."""
    if not faces:
        raise ValueError("there is no face to measure")
    box = max(faces, key=lambda face: face.box.area_px2).box
    crop = inside(frame, box)
    if crop.size == 0:
        return Quality(
            faces=len(faces), box=box, sharpness=0, brightness=0, illumination_variance=0, head=head
        )
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    height_px = max(8, round(grey.shape[0] * MEASURED_WIDTH_PX / grey.shape[1]))
    method = cv2.INTER_AREA if grey.shape[1] > MEASURED_WIDTH_PX else cv2.INTER_LINEAR
    scaled = cv2.resize(grey, (MEASURED_WIDTH_PX, height_px), interpolation=method)
    patches = cv2.resize(scaled, (8, 8), interpolation=cv2.INTER_AREA)
    sharp = sharpness_of(frame, box)
    return Quality(
        faces=len(faces),
        box=box,
        sharpness=sharp.value,
        moved=sharp.moved,
        brightness=float(scaled.mean()),
        shown_percent=shown_percent(frame, box),
        illumination_variance=float(patches.var()),
        head=head,
    )


def shown_percent(frame: Image, box: Box) -> float:
    """How much of a whole face's shape the frame shows in the box; 100 if the box is away from the edges."""
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


def failures(quality: Quality, gate: Gate, needed: Needed | None = None) -> tuple[Failure, ...]:
    """The gate's checks that the picture fails, in the gate's order. Unknown angles are not checked."""
    asked = bounds(gate, needed)
    values = ((check, bound, quality.value(check)) for check, bound in asked)
    return tuple(
        Failure(check, value, bound, _remedy(check, bound, quality))
        for check, bound, value in values
        if value is not None and not bound.holds(value)
    )


NO_FACE = Failure(
    Check.ONE_FACE, 0, Range(1, 1), "sit in front of the camera so that your whole face is in the picture"
)


def _remedy(check: Check, bound: Range, quality: Quality) -> str:
    """The remedy for a failed check."""
    value = quality.value(check)
    low = value is not None and bound.low is not None and value < bound.low
    return {
        Check.ONE_FACE: NO_FACE.remedy if low else "be alone in front of the camera",
        Check.WHOLE: "move so that your whole face is in the picture",
        Check.SIZE: "come closer to the camera",
        Check.SHARPNESS: _unblurred(quality),
        Check.BRIGHTNESS: "turn on more light in front of you" if low else "reduce the light on your face",
        Check.YAW: "turn your face to the camera",
        Check.PITCH: "raise your chin, or lower the camera"
        if low
        else "lower your chin, or raise the camera",
        Check.ROLL: "hold your head upright",
    }[check]


def _unblurred(quality: Quality) -> str:
    """The remedy for a blurred face, by its cause."""
    if quality.brightness < DIM:
        return "turn on more light in front of you, and hold still"
    return "hold still" if quality.moved else "clean the lens, and wait until the picture is sharp"


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, linear between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
