"""Examines the one face of a picture: its quality against a gate, and its identity.

Used for enrollment pictures, checks during the exam and proctors' requests. Blocking: runs in the engine's
threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from edge.analysis.networks import Networks
from models import quality
from models.mesh import MIN_PRESENCE
from models.quality import Failure, Quality
from models.recognition import Recogniser, needed_by
from models.results import Embedding, Face, HeadPose, Mesh
from shared.enrollment import floats_of
from shared.errors import Corrupt
from shared.messages.faces import FacePicture, FailedCheck, Template, decode_vector
from shared.observations import LIKENESS, IdentityCheck
from shared.policy.terms import Gate

Frame = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The measurements of a picture's face."""

    faces: int
    quality: Quality | None
    """Quality of the largest face; None without a face."""
    failed: tuple[Failure, ...]
    """Checks of the gate that the picture fails; empty when it is good enough."""
    embeddings: tuple[Embedding, ...]
    """One per requested recogniser; empty unless the picture passed."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A candidate's template for one recogniser."""

    embedding_id: UUID
    embedding: Embedding


def enrolled(templates: Sequence[Template]) -> Mapping[str, Enrolled]:
    """Templates from a `start` order, by recogniser. Raises `Corrupt` for an invalid vector."""
    result = {}
    for template in templates:
        vector = np.array(floats_of(decode_vector(template.vector)), np.float32)
        if not np.isfinite(vector).all():
            raise Corrupt("a template's vector is not finite")
        result[template.recogniser] = Enrolled(template.embedding_id, Embedding(template.recogniser, vector))
    return result


def fit_head(networks: Networks, frame: Frame, face: Face) -> tuple[Mesh, HeadPose | None]:
    """The face's mesh and the head's direction; no direction when the mesh finds no face."""
    mesh = face.mesh if face.mesh is not None else networks.mesh.fit(frame, face)
    if networks.head is None or mesh.presence < MIN_PRESENCE:
        return mesh, None
    return mesh, networks.head.head(frame, face, mesh)


def examine(
    networks: Networks, frame: Frame, gate: Gate, recognisers: Sequence[Recogniser] | None = None
) -> Examined:
    """Find, measure, check and embed the face of a whole picture; by default with all recognisers."""
    faces = networks.faces.find(frame)
    if not faces:
        return Examined(faces=0, quality=None, failed=(quality.NO_FACE,), embeddings=())
    face = max(faces, key=lambda each: each.box.area_px2)
    mesh, head = fit_head(networks, frame, face)
    chosen = networks.recognisers if recognisers is None else recognisers
    return examine_face(frame, faces, (mesh, head), gate, chosen)


def examine_face(
    frame: Frame,
    faces: tuple[Face, ...],
    fitted: tuple[Mesh, HeadPose | None],
    gate: Gate,
    recognisers: Sequence[Recogniser],
) -> Examined:
    """Like `examine`, for faces already found, with the mesh and pose of the largest."""
    mesh, head = fitted
    measured = quality.measure(frame, faces, head)
    failed = quality.failures(measured, gate, needed_by(recognisers))
    passed = not failed and mesh.presence >= MIN_PRESENCE
    embeddings = tuple(each.embed(frame, mesh) for each in recognisers) if passed else ()
    if not failed and not passed:
        failed = (quality.NO_FACE,)
    return Examined(faces=len(faces), quality=measured, failed=failed, embeddings=embeddings)


def identity_check(
    examined: Examined, recogniser: Recogniser, template: Enrolled, *, similarity: float | None
) -> IdentityCheck:
    """The check in the form of an observation."""
    return IdentityCheck(
        recogniser=recogniser.name,
        embedding_id=str(template.embedding_id),
        similarity=similarity,
        quality=examined.quality.score if examined.quality is not None else 0.0,
        failed_gates=tuple(failure.check.value for failure in examined.failed),
    )


def decided(check: IdentityCheck, recogniser: Recogniser, threshold: float) -> IdentityCheck:
    """The check; below the threshold without its similarity where the recogniser is undecided."""
    likeness = check.similarity
    if likeness is None or likeness >= threshold or not recogniser.undecided(likeness):
        return check
    return replace(check, similarity=None, failed_gates=(LIKENESS,))


def compare(examined: Examined, recogniser: Recogniser, template: Enrolled) -> float | None:
    """Similarity 0…1 of an examined face to a template; None when the picture failed the gate."""
    for embedding in examined.embeddings:
        if embedding.recogniser == recogniser.name:
            return recogniser.similarity(embedding, template.embedding)
    return None


def face_picture(examined: Examined) -> FacePicture | None:
    """The measurements in the form of a message."""
    measured = examined.quality
    if measured is None:
        return None
    box, head = measured.box, measured.head
    return FacePicture(
        box_px=(box.x_px, box.y_px, box.width_px, box.height_px),
        quality=measured.score,
        sharpness=measured.sharpness,
        brightness=measured.brightness,
        illumination_variance=measured.illumination_variance,
        pitch_deg=None if head is None else head.pitch_deg,
        yaw_deg=None if head is None else head.yaw_deg,
        roll_deg=None if head is None else head.roll_deg,
    )


def failed_checks(examined: Examined) -> tuple[FailedCheck, ...]:
    """The failed checks in the form of a message: check, value, bound and advice."""
    return tuple(
        FailedCheck(
            check=failure.check.value,
            value=failure.value,
            bound=str(failure.bound),
            advice=failure.remedy,
        )
        for failure in examined.failed
    )
