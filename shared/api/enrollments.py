"""Bodies of the REST API about enrollments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.api.bodies import MAX_PICTURE_BASE64_CHARS, Request, Response
from shared.api.exams import Acknowledged
from shared.fields import Json, Name, Reference, Unit, Utc, Words


class EnrollImage(Request):
    image_base64: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PICTURE_BASE64_CHARS)]
    capture_timestamp: Utc | None = None
    device_info: Annotated[dict[Name, Name], Field(max_length=20)] = {}


class EnrollRequest(Request):
    candidate_id: Reference
    exam_id: Reference
    images: Annotated[list[EnrollImage], Field(min_length=1, max_length=10)]
    acknowledged: Acknowledged | None = None
    """The candidate has acknowledged identity verification. Without this, an earlier acknowledgement must be
    recorded."""
    metadata: Annotated[dict[Name, Json], Field(max_length=20)] = {}


class PoseAngles(Response):
    pitch: float | None
    yaw: float | None
    roll: float | None


class FailedCheckOut(Response):
    check: str
    value: float | None
    bound: str
    advice: str


class EnrolledImage(Response):
    """The result of one picture, in the request's order."""

    embedding_id: str | None
    quality_score: Unit
    face_bbox: list[int] | None
    """x1, y1, x2, y2 in the analysed picture."""
    pose_angles: PoseAngles
    sharpness_score: Unit
    illumination_variance: float | None
    selected: bool
    failed: list[FailedCheckOut]


class EnrollResponse(Response):
    status: Literal["success", "partial"]
    """`partial`: some pictures were left out. When none passes, the answer is a problem (422)."""
    candidate_id: str
    enrollment_id: str | None
    embeddings: list[EnrolledImage]
    average_embedding_stored: bool
    enrollment_timestamp: Utc
    recommendations: list[str]
    expires_at: Utc | None = None
    """No session can start with it after this time; enroll again before."""
    expired: bool = False
    replaces: str | None = None
    """The enrollment_id that was in force before; running sessions keep the template they started with."""
    state: Literal["in-force", "pending"] = "in-force"
    """`pending`: it is unlike the one in force, which stays in force until an administrator decides."""
    pending_id: str | None = None
    """The enrollment_id that waits for an administrator."""


class EnrollmentListed(Response):
    """A candidate's enrollment in force, in a list."""

    candidate_id: str
    exam_id: str
    """The exam it was first made for."""
    enrollment_id: str
    enrolled_at: Utc
    expires_at: Utc | None
    """No session can start with it after this time. None: made before enrollments expired."""
    expired: bool
    pending_id: str | None
    """The enrollment_id of another one that waits for an administrator."""


class EnrolledPage(Response):
    items: list[EnrollmentListed]
    next_cursor: str | None


class PendingEnrollmentOut(Response):
    """An enrollment that is unlike the one in force: a person decides whether it shows the candidate."""

    enrollment_id: str
    candidate_id: str
    exam_id: str
    """The exam it was made for."""
    enrolled_at: Utc
    similarity: Unit | None
    """Similarity to the one in force, on the common scale: below 0.65 they count as two people. None: no
    recogniser could compare them."""
    in_force_id: str | None
    """The enrollment_id that counts until the decision."""
    state: Literal["pending", "accepted", "refused"]
    decided_by: str | None
    decided_at: Utc | None
    text: str | None
    """The grounds of the decision."""


class PendingEnrollmentPage(Response):
    items: list[PendingEnrollmentOut]
    next_cursor: str | None


class EnrollmentDecision(Request):
    verdict: Literal["accept", "refuse"]
    text: Words
    """The grounds of the decision."""
