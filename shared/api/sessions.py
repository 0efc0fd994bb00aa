"""Bodies of the REST API about sessions: start, join, devices, show, list, change, verify a frame."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from shared.api.bodies import Request, Response
from shared.api.enrollments import FailedCheckOut
from shared.api.exams import Acknowledged, PolicyData
from shared.consents import Purpose
from shared.fields import Count, Json, Name, Reference, Unit, Utc, Words, YesNo
from shared.policy.rules import Sensitivity
from shared.policy.terms import Features
from shared.unwatched import Kind


class VerificationPolicy(Request):
    """Overrides of an exam's policy for one session."""

    face_match_threshold: Annotated[Unit, Field(strict=True)] | None = None
    gaze_tolerance_degrees: Annotated[float, Field(strict=True, ge=5, le=90)] | None = None
    max_offline_seconds: Annotated[float, Field(strict=True, ge=4, le=600)] | None = None
    alert_sensitivity: Sensitivity | None = None


class SessionStartRequest(Request):
    exam_session_id: Reference | None = None
    """Chosen by the caller, unique per institution; generated when left out."""
    candidate_id: Reference
    exam_id: Reference
    frontend_instance_id: Reference | None = None
    verification_policy: VerificationPolicy | None = None
    policy: Annotated[dict[str, JsonValue], Field(max_length=50)] | None = None
    """A complete policy (`shared.policy.schema`) instead of the exam's."""
    features_enabled: Features | None = None
    acknowledged: Acknowledged | None = None
    """The candidate has acknowledged every purpose for which the session uses data. Without this, a purpose
    whose acknowledgement is not recorded is withheld until the candidate acknowledges the notice on its
    page."""
    metadata: Annotated[dict[Name, Json], Field(max_length=20)] = {}
    region: Name | None = None
    """Of the nodes that come first, if they can watch as well as others. By default that of the exam; else
    that of the candidate's address, if the candidate itself asks and the address is in the coordinator's
    settings."""
    allow_unregistered: YesNo = False
    """Start even if this exam was not created or this candidate is not registered; only for staff."""


class SessionStatus(StrEnum):
    """The state of a session."""

    ACTIVE = "active"
    ENDED = "ended"
    EXPIRED = "expired"


class IceServerOut(Response):
    urls: str
    username: str | None = None
    credential: str | None = None


class WebrtcConfig(Response):
    ice_servers: list[IceServerOut]
    video_constraints: dict[str, Any]
    audio_constraints: dict[str, Any]


class SessionStartResponse(Response):
    status: Literal["active"]
    session_id: str
    session_uuid: str
    """The internal id, as in signaling paths, subjects and logs."""
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
    """Its fragment contains a code. The candidate's page sends the code by POST to open the session, any
    number of times until the session ends or another link replaces this one."""
    join_url_expires_at: Utc
    """When the link stops working: when the session expires, which extra time moves later."""
    identity: Literal["enrolled", "unavailable"]
    not_acknowledged: list[Purpose] = []
    """Purposes that wait for the candidate's acknowledgement; nothing is done for them until then."""


CameraTrouble = Literal["refused", "missing", "busy", "unusable", "unsupported", "failed"]
"""Why a page could not turn on camera and microphone. `refused`: the browser does not allow it. `missing`:
there is none. `busy`: another program uses it. `unusable`: its picture does not fit. `unsupported`: the
browser cannot share a camera."""


class PageOut(Response):
    """The state of the candidate's page, as its node last reported it."""

    state: Literal["waiting", "opened", "connected", "withheld", "lost", "paused", "unknown", "over"]
    """`waiting`: nobody has opened it. `opened`: no picture has arrived yet. `lost`: pictures arrived before,
    but not now. `withheld`: it is connected, and nobody may look. `unknown`: its node is silent."""
    since: Utc | None
    unwatched_share: Unit | None = None
    """The share of the time since the page connected in which nobody watched: the highest share of face, body
    and sound."""
    camera: CameraTrouble | None = None
    """Why no picture comes, as the page reported it: a technical problem. None: it reported none."""
    text: str = ""
    """State and `camera` in words."""


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
    """When a proctor paused the exam. During the pause nothing is watched, and the end moves later."""
    withdrawn: list[Purpose] = []
    """Purposes to which the candidate has withdrawn its consent: nothing is done for them."""
    not_acknowledged: list[Purpose] = []
    """Purposes that the candidate has not acknowledged yet: nothing is done for them."""
    unwatched_s: dict[Kind, float] | None = None
    """Seconds in which nobody looked, by what was expected to be watched; some seconds old while the session
    runs. None: unknown, or the request is the candidate's."""
    page: PageOut | None = None
    """None: this answer does not contain it, or the request is the candidate's."""


class SessionEndResponse(Response):
    status: Literal["ended"]
    session_id: str
    ended_at: Utc


class RouteOut(Response):
    """Where a session's page connects now."""

    session_id: str
    edge_node: str
    signaling_url: str
    whip_url: str
    moved: bool
    """Whether the session has just been moved to this node."""


class VerifyFrameRequest(Request):
    frame_id: str | None = None
    """The frame to verify: a frame_id from an earlier answer; if left out, the newest. 410 for any other
    value."""
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
    """None: the frame could not be checked; neither match nor mismatch."""
    similarity_score: Unit | None
    threshold_used: Unit
    comparison_embedding_id: str | None
    face_quality: FaceQuality
    failed: list[FailedCheckOut]
    timestamp: Utc


class SessionListed(SessionOut):
    """A session in the list: its state, and the highest severity of its incidents not dismissed."""

    worst_severity: Unit
    """The highest severity of its incidents not dismissed or overturned; 0 without one."""
    open_incidents: int
    """Incidents that wait for a person: open, for a second reviewer, or appealed."""
    incident_count: int
    """All incidents not dismissed or overturned, decided ones included."""


class SessionPage(Response):
    items: list[SessionListed]
    next_cursor: str | None


class SessionPolicyRequest(Request):
    """Another policy for a running session: a version of its exam's policy, or a complete one of its own."""

    exam_version: Annotated[Count, Field(ge=1, le=2**31 - 1)] | None = None
    """If left out together with `policy`: the exam's version in force now."""
    policy: PolicyData | None = None
    """Its own `version` is ignored; it gets the next one unused by session and exam."""
    reason: Words
    """Recorded; not shown to the candidate."""
    based_on: Annotated[Count, Field(ge=1, le=2**31 - 1)]
    """The session's current version. If it has changed meanwhile, the change is refused (409)."""

    @model_validator(mode="after")
    def _one_of_them(self) -> SessionPolicyRequest:
        if self.exam_version is not None and self.policy is not None:
            raise ValueError("give exam_version or policy, not both")
        return self


class SessionPolicyChange(Response):
    """A change of policy while the session ran: who, which and why."""

    version: int
    version_before: int
    changed_by: str
    role: str
    reason: str | None
    """None: erased."""
    at: Utc


class SessionPolicyOut(Response):
    """The policy of a session, without its candidate's accommodation."""

    session_id: str
    version: int
    policy: dict[str, JsonValue]
    changes: list[SessionPolicyChange]
    """Changes while it ran, oldest first."""
