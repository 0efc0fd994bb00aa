"""Measures what the gates refuse, by light, by the size of the face and by group of people.

Pictures that pass the enrollment gate are made smaller, and darker or lighter, as a camera sends them. A face
is never made larger than it is, because that would blur it. What is then refused for its sharpness or its
pose, or because no face was found, is an error of the measure and not of the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.dimming import sent
from models.images import Image
from models.people import Fitted, look
from models.quality import Needed, failures
from models.recognition import needed_by
from models.results import Box
from models.serving import Serving
from shared.policy.terms import ENROLLMENT_GATE, VERIFICATION_GATE

LIGHTS = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2)
"""Shares of a picture's own light."""
SIZES_PX = (84, 120, 160, 220, 300)
"""Widths of the face."""
BESIDE = 0.5
"""What is kept on each side of the face, in its widths."""
NO_FACE = "no face"


@dataclass(frozen=True, slots=True)
class Trial:
    """One picture at one size in one light: the checks of each gate that refuse it."""

    group: str
    face_px: int
    light: float
    enrollment: tuple[str, ...]
    verification: tuple[str, ...]


def trials(one: Fitted, group: str, serving: Serving) -> Iterator[Trial]:
    """A picture at every size and in every light."""
    found = look(one.picture, serving)
    if found is None:
        return
    box, needed = found[1].box, needed_by(serving.recognisers())
    for face_px in SIZES_PX:
        if face_px > box.width_px:
            break
        sized = _of_width(one.picture, box, face_px)
        for light in LIGHTS:
            refused = _refused(sent(sized, light), serving, needed)
            yield Trial(group, face_px, light, *refused)


def _refused(picture: Image, serving: Serving, needed: Needed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The checks that fail at enrollment and during an exam."""
    found = look(picture, serving)
    if found is None:
        return (NO_FACE,), (NO_FACE,)
    asked = failures(found[1], ENROLLMENT_GATE), failures(found[1], VERIFICATION_GATE, needed)
    enrollment, verification = (tuple(each.check.value for each in failed) for failed in asked)
    return enrollment, verification


def _of_width(picture: Image, box: Box, face_px: int) -> Image:
    """The face with what is around it, scaled until it is so wide."""
    beside_px = BESIDE * box.width_px
    left, top = (max(0, round(edge_px - beside_px)) for edge_px in (box.x_px, box.y_px))
    right, below = (
        round(box.x_px + box.width_px + beside_px),
        round(box.y_px + box.height_px + beside_px),
    )
    factor = face_px / box.width_px
    small = cv2.resize(
        picture[top:below, left:right], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
    )
    return small.astype(np.uint8, copy=False)


def report(tried: Sequence[Trial]) -> Iterator[str]:
    """A line per gate, group and size: in each light how many of how many are refused, and by what."""
    for gate in ("enrollment", "verification"):
        for group in sorted({each.group for each in tried}):
            for face_px in sorted({each.face_px for each in tried if each.group == group}):
                within = [each for each in tried if (each.group, each.face_px) == (group, face_px)]
                told = " · ".join(_told(gate, within, light) for light in LIGHTS)
                yield f"{gate} {group or 'all'} {face_px} px: {told}"


def _told(gate: str, tried: Iterable[Trial], light: float) -> str:
    checks = [
        each.enrollment if gate == "enrollment" else each.verification
        for each in tried
        if each.light == light
    ]
    refused = [each for each in checks if each]
    why = Counter(check for each in refused for check in each)
    named = ", ".join(f"{count} {check}" for check, count in sorted(why.items()))
    return f"×{light:g} {len(refused)} of {len(checks)}" + (f" ({named})" if named else "")
