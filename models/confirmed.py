"""A face detector with doubtful detections confirmed by the face mesh.

YuNet sees faces in the backs of heads with scores up to 0.81 (34 of 139 looked-at frames of one recording of
people from behind); the mesh's presence for them is ≤0.04. Faces of people score ≥0.84 there but small or
turned ones may score lower, so doubtful detections are checked again, not dropped. For a face that the
picture's edge cuts in half the presence is lower (0.21 to 1.0 for four people).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from models.images import Image
from models.mesh import MIN_PRESENCE, FaceMesh
from models.results import Box, Face

MIN_PRESENCE_AT_EDGE = 0.15
"""The least presence of a face that the picture's edge cuts."""
EDGE_SHARE = 0.05
"""A box is cut if one of its sides is nearer to the picture's edge than this, in widths of the box."""


class Detector(Protocol):
    @property
    def device(self) -> str: ...

    def find(self, frame: Image, /) -> tuple[Face, ...]: ...


class Confirmed:
    """A score of `sure_score` or better is accepted directly; below it the mesh decides."""

    def __init__(self, detector: Detector, mesh: FaceMesh, *, sure_score: float) -> None:
        self._detector = detector
        self._mesh = mesh
        self._sure_score = sure_score

    @property
    def device(self) -> str:
        return self._detector.device

    def find(self, frame: Image) -> tuple[Face, ...]:
        """All faces in a BGR frame, best first; those that were doubtful carry their mesh."""
        asked = (
            face if face.score >= self._sure_score else self._ask(frame, face)
            for face in self._detector.find(frame)
        )
        return tuple(face for face in asked if face is not None)

    def _ask(self, frame: Image, face: Face) -> Face | None:
        mesh = self._mesh.fit(frame, face)
        least = MIN_PRESENCE_AT_EDGE if is_cut(face.box, frame.shape[1]) else MIN_PRESENCE
        return replace(face, mesh=mesh) if mesh.presence >= least else None


def is_cut(box: Box, width_px: int) -> bool:
    """Whether a face reaches out of the picture to the left or right."""
    reach_px = EDGE_SHARE * box.width_px
    return box.x_px <= reach_px or box.x_px + box.width_px >= width_px - reach_px
