"""Bodies of the REST API about the candidate's page: links to a session, devices, and what the page needs."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints

from shared.api.bodies import Request, Response
from shared.api.sessions import CameraTrouble, WebrtcConfig
from shared.consents import Purpose
from shared.fields import Name, Utc

LinkCode = Annotated[str, StringConstraints(min_length=20, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""The fragment of a join link."""
DeviceKey = Annotated[str, StringConstraints(min_length=100, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
"""A device's public key: P-256, SubjectPublicKeyInfo in base64url without padding."""


class DeviceProof(Request):
    key: DeviceKey
    signature: Annotated[str, StringConstraints(min_length=80, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
    """ECDSA with SHA-256 of `proctor-join`, the session_uuid and the challenge, one on each line; its two
    halves in base64url without padding."""


class JoinRequest(Request):
    code: LinkCode
    device: DeviceProof | None = None
    """The device that opens the session. May only be left out if the exam's policy does not bind sessions to
    devices."""


class JoinLookRequest(Request):
    code: LinkCode
    device_key: DeviceKey | None = None
    """The key of the requesting device, if it has one."""


class JoinAskRequest(Request):
    code: LinkCode
    device_key: DeviceKey


class CameraReport(Request):
    """Whether the page could turn on camera and microphone: one word, without names of devices."""

    code: LinkCode
    device_key: DeviceKey | None = None
    camera: CameraTrouble | Literal["on"]


class NoticeOut(Response):
    version: str
    language: str
    title: str
    paragraphs: list[str]
    purposes: list[str]


class JoinLook(Response):
    """What a link is for, and what the requesting device may do. The request changes nothing."""

    session_uuid: str
    exam_title: str
    notice: NoticeOut
    how_it_works: str = "/how-it-works"
    """Where the page links to how the software works, and on which lawful bases the institution relies."""
    webrtc_config: WebrtcConfig
    device: Literal["open", "free", "yours", "asked", "elsewhere"]
    """`open`: this exam does not bind devices. `free`: no device is bound yet; the first that opens the
    session will be. `yours`: this device is bound. `elsewhere`: another device is bound. `asked`: another
    device is bound, and this one waits for approval."""
    challenge: str | None
    """What this device must sign to open the session. None: it may not open it, or need not sign."""
    check_number: str | None
    """The number by which staff recognise this device when it asks for approval."""
    not_acknowledged: list[Purpose] = []
    """Purposes that the candidate has not acknowledged yet."""
    paused_at: Utc | None
    join_url_expires_at: Utc


class LinkResponse(Response):
    """A new link to a session. Earlier links no longer work."""

    session_id: str
    join_url: str
    join_url_expires_at: Utc


class DeviceOut(Response):
    """A device that has opened a session or has asked to."""

    device_id: str
    state: Literal["asked", "bound", "ended"]
    check_number: str
    """The number that the device shows while it asks."""
    asked_at: Utc | None
    """When it asked for approval; None: it was the first device and did not have to."""
    ask_expires_at: Utc | None
    """Until when it can be approved; None: it is not waiting for approval."""
    bound_at: Utc | None
    ended_at: Utc | None
    approved_by: str | None


class DevicesOut(Response):
    items: list[DeviceOut]


class ApproveDeviceRequest(Request):
    device_id: UUID


class ToldOut(Response):
    """The newest messages to the candidate during the session, the oldest first."""

    items: list[dict[str, JsonValue]]
    """Each in the form that the live socket sends."""


class JoinResponse(Response):
    session_id: str
    session_uuid: str
    candidate_id: str = ""
    withdrawn: list[Purpose] = []
    """Purposes to which the candidate has withdrawn its consent."""
    paused_at: Utc | None = None
    session_token: str
    exam_title: str
    notice: NoticeOut
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
