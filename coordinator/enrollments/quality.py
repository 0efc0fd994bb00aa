"""Converts a picture's measurements for the API to shares of 0…1. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from shared.api.enrollments import EnrolledImage, FailedCheckOut, PoseAngles
from shared.api.sessions import FaceQuality
from shared.errors import Rejected
from shared.messages.faces import FacePicture, FailedCheck
from shared.policy.terms import ENROLLMENT_GATE, Gate

_ENOUGH_PICTURES: Final = 3


def sharpness_share(sharpness: float, gate: Gate) -> float:
    """0.5 at the gate's bound (an enrollment's if it has none), towards 1 as the sharpness grows."""
    bound = gate.min_sharpness or ENROLLMENT_GATE.min_sharpness or 1.0
    return round(max(0.0, sharpness) / (max(0.0, sharpness) + bound), 3)


def lighting_share(brightness: float, gate: Gate) -> float:
    """1 in the middle of the gate's brightness range, 0 at its ends and beyond."""
    low = gate.min_brightness or 0.0
    half = (gate.max_brightness - low) / 2
    return round(max(0.0, 1.0 - abs(brightness - low - half) / half), 3)


def face_quality(face: FacePicture | None, gate: Gate) -> FaceQuality:
    """The quality part of a verified frame; unknown without a face."""
    if face is None:
        return FaceQuality(sharpness=None, pose_deviation=None, lighting_quality=None)
    deviation = None
    if face.pitch_deg is not None and face.yaw_deg is not None:
        deviation = round(math.hypot(face.pitch_deg, face.yaw_deg), 1)
    return FaceQuality(
        sharpness=sharpness_share(face.sharpness, gate),
        pose_deviation=deviation,
        lighting_quality=lighting_share(face.brightness, gate),
    )


def failed_out(failed: Sequence[FailedCheck]) -> list[FailedCheckOut]:
    """Failed checks in the API's form."""
    return [FailedCheckOut(check=c.check, value=c.value, bound=c.bound, advice=c.advice) for c in failed]


def unreadable(refusal: Rejected) -> EnrolledImage:
    """The result of a picture that could not be opened."""
    check = FailedCheckOut(
        check=refusal.code, value=None, bound="a JPEG, PNG or WebP picture", advice=str(refusal)
    )
    return image_out(None, [check], gate=Gate(), embedding_id=None, selected=False)


def image_out(
    face: FacePicture | None,
    failed: list[FailedCheckOut],
    *,
    gate: Gate,
    embedding_id: str | None,
    selected: bool,
) -> EnrolledImage:
    """One picture's result."""
    return EnrolledImage(
        embedding_id=embedding_id,
        quality_score=face.quality if face else 0.0,
        face_bbox=_corners(face.box_px) if face else None,
        pose_angles=PoseAngles(
            pitch=face.pitch_deg if face else None,
            yaw=face.yaw_deg if face else None,
            roll=face.roll_deg if face else None,
        ),
        sharpness_score=sharpness_share(face.sharpness, gate) if face else 0.0,
        illumination_variance=face.illumination_variance if face else None,
        selected=selected,
        failed=failed,
    )


def recommendations(images: Sequence[EnrolledImage]) -> list[str]:
    """Advice for the enrolled person: each failed check's advice once, and whether more pictures would
    help."""
    advice = list(dict.fromkeys(check.advice for image in images for check in image.failed))
    passed = sum(not image.failed for image in images)
    if not advice:
        advice.append("Every picture is clear.")
    if passed < _ENOUGH_PICTURES:
        advice.append(f"Send {_ENOUGH_PICTURES} to 5 pictures; the template is then more reliable.")
    return advice


def _corners(box_px: tuple[float, float, float, float]) -> list[int]:
    x, y, width, height = box_px
    return [round(x), round(y), round(x + width), round(y + height)]
