"""The results of the networks: frozen values, in pixels of the frame.

Arrays in them are float32 and must not be written to. Points are (x, y) with x to the right and y down in the
unmirrored picture, so the candidate's right eye has the smaller x. Angles follow `shared.observations`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from shared.observations import Box, HeadPose, PictureSeen

__all__ = [
    "Body",
    "Box",
    "Embedding",
    "Face",
    "Gaze",
    "HeadPose",
    "Mesh",
    "ObjectKind",
    "PictureSeen",
    "Region",
    "SeenObject",
]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Region:
    """A square cut from the frame, rotated with its content."""

    centre_x_px: float
    centre_y_px: float
    side_px: float
    angle_rad: float
    """The clockwise rotation of the content in the picture; the cut turns it upright."""

    @property
    def box(self) -> Box:
        """The upright rectangle around the turned square."""
        reach = abs(math.cos(self.angle_rad)) + abs(math.sin(self.angle_rad))
        side_px = self.side_px * reach
        return Box(self.centre_x_px - side_px / 2, self.centre_y_px - side_px / 2, side_px, side_px)


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The 468 points of MediaPipe's face mesh."""

    points_px: Floats
    """(468, 3): x, y in the frame, z in the same scale, smaller towards the camera."""
    presence: float
    """Probability that the region showed a face, 0…1."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One detected face."""

    box: Box
    landmarks_px: Floats
    """(5, 2): right eye, left eye, nose tip, right and left corner of the mouth (the candidate's sides)."""
    score: float
    """0…1, the detector's own confidence."""
    mesh: Mesh | None = None
    """The mesh that confirmed the detection, if one was needed: saves a second run."""
    turn_deg: float | None = None
    """Yaw of the head from the detector's own points, if these include the ears: rough, but correct where a
    mesh sees too little of the face."""


@dataclass(frozen=True, slots=True)
class Gaze:
    """The direction of the eyes as seen from the camera: 0, 0 looks into the camera."""

    pitch_deg: float
    yaw_deg: float
    pitch_error_deg: float = 0.0
    yaw_error_deg: float = 0.0
    """The largest errors of this measurement seen on people who look into the camera."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as one recogniser describes it."""

    recogniser: str
    """`name@version`; embeddings of different recognisers are never compared."""
    vector: Floats
    """(N,), in the recogniser's own metric space."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One body, as 33 points of MediaPipe Pose."""

    points_px: Floats
    """(33, 3): x, y in the frame, z in the same scale, smaller towards the camera."""
    visibility: Floats
    """(33,): probability that the point is not hidden. In a close view a shoulder slightly below the
    picture's edge still counts as visible on purpose: the person has not left."""
    inside: Floats
    """(33,): probability that the point is in the region at all; a point can be guessed outside of it and
    still count as not hidden. 1 where a network does not say it."""
    presence: float
    """The landmark network's own flag: probability that the region shows a person."""
    region: Region
    """The region to examine in the next frame of the same stream."""
    head_px: float
    """Width of the head in the frame, ear to ear from outside."""


class ObjectKind(StrEnum):
    """A kind of object that is detected."""

    PERSON = "person"
    PHONE = "phone"
    BOOK = "book"
    LAPTOP = "laptop"


@dataclass(frozen=True, slots=True)
class SeenObject:
    """One object found in a frame."""

    kind: ObjectKind
    box: Box
    score: float
    """0…1, the detector's own confidence."""
