"""Tests face detectors on pictures with a known number of faces, and angle estimators on known angles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from edge.accuracy.folder import Counted, KnownAngle
from edge.accuracy.results import AngleResult, CountResult
from edge.accuracy.statistics import Share
from edge.analysis.enrolling import read_picture
from models.images import Image
from models.serving import FaceDetector, Serving

MIN_FACE_PX = 24
"""Smaller faces are not counted."""
MIN_SCORE = 0.5
HEAD, GAZE = "head", "gaze"


@dataclass(frozen=True, slots=True)
class Angles:
    """Direction of a head or gaze, degrees, with the signs of `shared.observations`; gaze has no roll."""

    pitch_deg: float
    yaw_deg: float
    roll_deg: float | None = None


def count_faces(
    network: str, standing: str, detector: FaceDetector, pictures: Sequence[Counted]
) -> CountResult:
    """Test one detector as used in an exam, with its removal of false faces, if any."""
    there = missed = ghosts = 0
    wrong = []
    for picture in pictures:
        found = sum(
            min(face.box.width_px, face.box.height_px) >= MIN_FACE_PX and face.score >= MIN_SCORE
            for face in detector.find(read_picture(picture.path).frame)
        )
        there += picture.faces
        missed += max(0, picture.faces - found)
        ghosts += max(0, found - picture.faces)
        if found != picture.faces:
            wrong.append((picture.path.name, picture.faces, found))
    return CountResult(
        network=network,
        standing=standing,
        right=Share(len(pictures) - len(wrong), len(pictures)),
        missed=Share(missed, there),
        ghosts=ghosts,
        wrong=tuple(wrong),
    )


def looker(serving: Serving, what: str) -> Callable[[Image], Angles | None]:
    """A function that measures a picture's largest face with a serving's networks; None without a face.

    Raises `Unavailable` when there is no such network.
    """
    faces, meshes, heads = serving.face_detector(), serving.face_mesh(), serving.head_pose()
    eyes = serving.gaze() if what == GAZE else None

    def look(picture: Image) -> Angles | None:
        found = faces.find(picture)
        if not found:
            return None
        face = max(found, key=lambda each: each.box.area_px2)
        mesh = face.mesh or meshes.fit(picture, face)
        head = heads.head(picture, face, mesh)
        if eyes is None:
            return Angles(head.pitch_deg, head.yaw_deg, head.roll_deg)
        gaze = eyes.gaze(picture, face, mesh, head)
        return Angles(gaze.pitch_deg, gaze.yaw_deg)

    return look


def angle_errors(
    label: tuple[str, str, str], look: Callable[[Image], Angles | None], known: Sequence[KnownAngle]
) -> AngleResult:
    """Test one estimator: known angles, and every picture with its mirror image.

    `label`: the measured quantity, the network and its standing.
    """
    what, network, standing = label
    inside, outside = 0, []
    pairs: list[tuple[Angles, Angles]] = []
    for path, angles in groupby(sorted(known, key=lambda each: each.path), key=lambda each: each.path):
        picture = read_picture(path).frame
        seen = look(picture)
        mirrored = look(np.ascontiguousarray(picture[:, ::-1]))
        if seen is not None and mirrored is not None:
            pairs.append((seen, mirrored))
        for each in angles:
            if each.angle.startswith(GAZE) != (what == GAZE):
                continue
            measured = None if seen is None else _angle(seen, each.angle)
            if measured is not None and each.from_deg <= measured <= each.to_deg:
                inside += 1
            else:
                outside.append((path.name, each.angle, measured, each.from_deg, each.to_deg))
    return AngleResult(
        what=what,
        network=network,
        standing=standing,
        inside=Share(inside, inside + len(outside)),
        outside=tuple(outside),
        yaws_deg=tuple((one.yaw_deg, other.yaw_deg) for one, other in pairs),
        roll_sums_deg=tuple(
            one.roll_deg + other.roll_deg
            for one, other in pairs
            if one.roll_deg is not None and other.roll_deg is not None
        ),
        pitch_differences_deg=tuple(one.pitch_deg - other.pitch_deg for one, other in pairs),
    )


def _angle(angles: Angles, name: str) -> float | None:
    value: float | None = getattr(angles, f"{name.removeprefix('gaze-')}_deg")
    return value
