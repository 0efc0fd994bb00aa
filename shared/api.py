"""Bodies of the REST API (SPEC 4), as coordinator and `proctorctl` both speak them.

The requests and responses of the seed (4.1–4.4) are valid here. Unknown fields in requests are refused.
Errors are RFC 9457 problem details (`Problem`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from shared.events import Action, EventClass, EventType
from shared.fields import Json, Name, Reference, Text, Unit, Utc
from shared.policy import Features, Sensitivity

MAX_PICTURE_BASE64_CHARS = 5_592_408
"""4 MiB of picture in base64."""
MAX_BODY_BYTES = 30 * 1_048_576
"""Five pictures and their envelope."""


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Response(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(Response):
    """RFC 9457. `type` ends in the stable `code`; `errors` names each wrong field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, JsonValue]] = []


# --- enrollment (seed 4.1) -------------------------------------------------------------------------------


class EnrollImage(Request):
    image_base64: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PICTURE_BASE64_CHARS)]
    capture_timestamp: Utc | None = None
    device_info: Annotated[dict[Name, Name], Field(max_length=20)] = {}


class EnrollRequest(Request):
    candidate_id: Reference
    exam_id: Reference
    images: Annotated[list[EnrollImage], Field(min_length=1, max_length=10)]
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
    """What became of one picture, in the request's order."""

    embedding_id: str | None
    quality_score: Unit
    face_bbox: list[int] | None
    """x1, y1, x2, y2 in the picture as it was analysed."""
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
    """From then on no session starts with it; enroll again before."""
    expired: bool = False
    replaces: str | None = None
    """The enrollment_id that counted before; sessions that run keep the template they started with."""


# --- sessions (seed 4.2, 4.3) ----------------------------------------------------------------------------


class VerificationPolicy(Request):
    """The seed's override of an exam's policy for one session."""

    face_match_threshold: Annotated[Unit, Field(strict=True)] | None = None
    gaze_tolerance_degrees: Annotated[float, Field(strict=True, ge=5, le=90)] | None = None
    max_offline_seconds: Annotated[float, Field(strict=True, ge=4, le=600)] | None = None
    alert_sensitivity: Sensitivity | None = None


class SessionStartRequest(Request):
    exam_session_id: Reference | None = None
    """Chosen by the caller, unique per institution; made up when left out."""
    candidate_id: Reference
    exam_id: Reference
    frontend_instance_id: Reference | None = None
    verification_policy: VerificationPolicy | None = None
    policy: Annotated[dict[str, JsonValue], Field(max_length=50)] | None = None
    """A whole policy (`shared.policy`) instead of the exam's."""
    features_enabled: Features | None = None
    metadata: Annotated[dict[Name, Json], Field(max_length=20)] = {}


class IceServer(Response):
    urls: str
    username: str | None = None
    credential: str | None = None


class WebrtcConfig(Response):
    ice_servers: list[IceServer]
    video_constraints: dict[str, Any]
    audio_constraints: dict[str, Any]


class SessionStartResponse(Response):
    status: Literal["active"]
    session_id: str
    session_uuid: str
    """The internal id, as signaling paths, subjects and logs carry it."""
    websocket_url: str
    webrtc_config: WebrtcConfig
    calibration_required: bool
    calibration_duration_seconds: float
    session_expires_at: Utc
    signaling_url: str
    whip_url: str
    edge_node: str
    session_token: str
    join_url: str
    """One-time code in the fragment; the candidate's page exchanges it by POST."""
    identity: Literal["enrolled", "unavailable"]


class SessionOut(Response):
    session_id: str
    session_uuid: str
    candidate_id: str
    exam_id: str
    status: Literal["active", "ended", "expired"]
    started_at: Utc
    ended_at: Utc | None
    session_expires_at: Utc
    edge_node: str
    policy_version: int
    paused_at: Utc | None = None
    """Since when a proctor has paused the exam. Meanwhile it expires later, and nothing is judged."""


class SessionEndResponse(Response):
    status: Literal["ended"]
    session_id: str
    ended_at: Utc


class VerifyFrameRequest(Request):
    frame_id: Annotated[str, StringConstraints(pattern=r"^(FRAME-)?[0-9]{1,12}$")] | None = None
    """Left out: the newest frame."""
    timestamp: Utc | None = None
    trigger: Name = "manual_proctor_check"


class FaceQuality(Response):
    sharpness: Unit | None
    pose_deviation: float | None
    """Degrees from frontal."""
    lighting_quality: Unit | None


class VerifyFrameResponse(Response):
    frame_id: str
    match: bool | None
    """None: the frame allows no check; neither match nor mismatch."""
    similarity_score: Unit | None
    threshold_used: Unit
    comparison_embedding_id: str | None
    face_quality: FaceQuality
    failed: list[FailedCheckOut]
    timestamp: Utc


# --- the candidate's page --------------------------------------------------------------------------------


class JoinRequest(Request):
    code: Annotated[str, StringConstraints(min_length=20, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Notice(Response):
    version: str
    language: str
    title: str
    paragraphs: list[str]
    purposes: list[str]


class JoinResponse(Response):
    session_id: str
    session_uuid: str
    session_token: str
    exam_title: str
    notice: Notice
    signaling_url: str
    websocket_url: str
    webrtc_config: WebrtcConfig
    session_expires_at: Utc


class AcknowledgeRequest(Request):
    notice_version: Name
    purposes: Annotated[list[Name], Field(max_length=20)]


class TicketResponse(Response):
    """A single-use WebSocket ticket, 30 s."""

    ticket: str
    expires_in_seconds: int


# --- alerts and timeline ---------------------------------------------------------------------------------


class AlertOut(Response):
    event_id: str
    event_type: EventType
    event_class: EventClass
    severity_score: Unit
    confidence: Unit
    exam_session_id: str
    candidate_id: str
    exam_id: str
    onset: Utc
    raised: Utc
    cleared: Utc | None
    duration: float
    evidence: dict[str, JsonValue]
    evidence_thumbnail: str | None
    explanation: Text
    metadata: dict[str, JsonValue]
    action_required: Action
    message: Text
    dismiss_after_seconds: int
    received_at: Utc


class ExcerptOut(Response):
    """What was said around a phrase; it can be had only while its session runs."""

    event_id: str
    phrases: tuple[str, ...]
    text: str | None
    """The transcript; null where the node has no network for it."""
    duration_s: float
    clip: str
    """The sound: Ogg Opus in base64."""


class AlertPage(Response):
    items: list[AlertOut]
    next_cursor: str | None


class TimelineOut(Response):
    session: SessionOut
    items: list[AlertOut]
