"""Converts sessions to the API's form, and makes the token of a session's candidate."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from coordinator.config import CoordinatorConfig
from coordinator.consents.words import Why
from coordinator.sessions.expiry import LONGEST
from coordinator.sessions.notice import notice_for
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.watched.runs import total
from coordinator.tokens.key_service import Signer
from coordinator.web_api.headers import socket_url
from shared.api.links import JoinResponse
from shared.api.sessions import IceServerOut, SessionOut, SessionStartResponse, WebrtcConfig
from shared.consents import Purpose
from shared.ice import IceServer
from shared.policy.schema import Policy
from shared.tokens import Claims, Role, issue

VIDEO_CONSTRAINTS: Final[dict[str, Any]] = {
    "width": {"ideal": 640},
    "height": {"ideal": 480},
    "frameRate": {"ideal": 15, "max": 15},
}
AUDIO_CONSTRAINTS: Final[dict[str, Any]] = {
    "sampleRate": 16_000,
    "channelCount": 1,
    "echoCancellation": True,
    # Both of these would remove second voices and typing, which the rules need.
    "noiseSuppression": False,
    "autoGainControl": False,
}


def status_of(session: ExamSession, now_utc: datetime) -> Literal["active", "ended", "expired"]:
    """The state of a session."""
    if session.ended_utc is not None:
        return "ended"
    return "expired" if session.expires_utc <= now_utc else "active"


def session_out(found: Found, now_utc: datetime) -> SessionOut:
    """A session in the API's form."""
    session = found.session
    return SessionOut(
        session_id=session.reference,
        session_uuid=str(session.id),
        candidate_id=found.candidate.reference,
        exam_id=session.exam_reference,
        status=status_of(session, now_utc),
        started_at=session.started_utc,
        ended_at=session.ended_utc,
        session_expires_at=session.expires_utc,
        edge_node=str(found.assignment.node_id),
        policy_version=session.policy_version,
        paused_at=session.paused_utc,
        withdrawn=withheld_because(session, Why.WITHDRAWN),
        not_acknowledged=withheld_because(session, Why.NOT_ACKNOWLEDGED),
        unwatched_s=total(session.unwatched or {}),
    )


def withheld_because(session: ExamSession, reason: Why) -> list[Purpose]:
    """The purposes for which nothing is done, for one reason."""
    return sorted(Purpose(purpose) for purpose, why in session.withheld.items() if why == reason)


def session_token(signer: Signer, found: Found, now_utc: datetime, *, by_link: bool) -> str:
    """The candidate's token for this session, for coordinator and edge. It is valid for the longest possible
    session, because a session may be paused or extended; each use checks that the session is running.
    `by_link`: the token belongs to the device that has just opened the session by its link, and becomes
    invalid when another device replaces that one."""
    return issue(
        Claims(
            subject=found.candidate.reference,
            role=Role.CANDIDATE,
            tenant_id=found.session.tenant_id,
            session_id=found.session.id,
            device=found.session.device if by_link else None,
        ),
        signer.key,
        key_id=signer.kid,
        now_utc=now_utc,
        lifetime=found.session.started_utc + LONGEST - now_utc,
    )


def start_response(
    config: CoordinatorConfig, webrtc: WebrtcConfig, found: Found, token: str, join_url: str
) -> SessionStartResponse:
    """The answer to session/start."""
    session, policy = found.session, Policy.model_validate(found.session.policy)
    return SessionStartResponse(
        status="active",
        session_id=session.reference,
        session_uuid=str(session.id),
        websocket_url=_websocket_url(config, session),
        webrtc_config=webrtc,
        calibration_required=True,
        calibration_duration_seconds=policy.baseline_s,
        session_expires_at=session.expires_utc,
        signaling_url=session.signaling_url,
        whip_url=session.whip_url,
        edge_node=str(found.assignment.node_id),
        session_token=token,
        join_url=join_url,
        join_url_expires_at=session.expires_utc,
        identity="enrolled" if session.enrollment_id is not None else "unavailable",
        not_acknowledged=withheld_because(session, Why.NOT_ACKNOWLEDGED),
    )


def join_response(
    config: CoordinatorConfig, webrtc: WebrtcConfig, found: Found, token: str, exam_title: str
) -> JoinResponse:
    """Everything that the candidate's page needs."""
    session = found.session
    return JoinResponse(
        session_id=session.reference,
        session_uuid=str(session.id),
        candidate_id=found.candidate.reference,
        withdrawn=withheld_because(session, Why.WITHDRAWN),
        paused_at=session.paused_utc,
        session_token=token,
        exam_title=exam_title,
        notice=notice_for(Policy.model_validate(session.policy)),
        signaling_url=session.signaling_url,
        websocket_url=_websocket_url(config, session),
        webrtc_config=webrtc,
        session_expires_at=session.expires_utc,
    )


def webrtc_config(servers: tuple[IceServer, ...]) -> WebrtcConfig:
    """ICE servers and constraints for camera and microphone."""
    return WebrtcConfig(
        # The API promises one address per entry; several of one server become several entries.
        ice_servers=[
            IceServerOut(urls=url, username=server.username, credential=server.credential)
            for server in servers
            for url in server.urls
        ],
        video_constraints=VIDEO_CONSTRAINTS,
        audio_constraints=AUDIO_CONSTRAINTS,
    )


def _websocket_url(config: CoordinatorConfig, session: ExamSession) -> str:
    return socket_url(config.web.public_url, f"/ws/{session.reference}")
