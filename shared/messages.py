"""Messages on NATS, alerts excepted: commands and their replies, heartbeats, high-water marks.

Each message is a parcel of `shared.sealing`: a clear, signed header (one class here per kind, closed by its
`kind`) and a body. Bodies about a person are sealed: commands to the node's key, replies to the command's
reply key. A command is obeyed once, within `COMMAND_LIFETIME_S` of its creation, by the node it names.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.consents import Purpose
from shared.errors import Corrupt
from shared.events.types import Lane
from shared.fields import Name, Text, Unit, Utc
from shared.policy.schema import Policy
from shared.policy.terms import Gate
from shared.unwatched import Kind

COMMAND_LIFETIME_S = 30.0
HEARTBEAT_INTERVAL_S = 5.0
MISSING_AFTER_S = 15.0
"""A node without a heartbeat for this long gets no new sessions."""
MAX_CLOCK_SKEW_S = 25.0
"""The most skew between the clocks of node and coordinator, a little below a command's lifetime. With more, a
node refuses every command as stale, so it is sent none and gets no new sessions."""
MAX_PICTURE_BYTES = 900_000
"""The most for a re-encoded enrollment picture, so that its sealed command is below NATS' message limit."""

M = TypeVar("M", bound=BaseModel)
Seconds = dict[Kind, Annotated[float, Field(ge=0, allow_inf_nan=False)]]
"""By what was to be watched."""


class Message(BaseModel):
    """A frozen message; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse(kind: type[M], data: bytes | dict[str, Any]) -> M:
    """Parse a message or body of this kind. Raises `Corrupt`, without its content, when it is invalid."""
    try:
        return kind.model_validate_json(data) if isinstance(data, bytes) else kind.model_validate(data)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
        raise Corrupt(f"not a {kind.__name__}: wrong at {places}") from error


class CommandHeader(Message):
    """Clear part of every command from the coordinator to one node."""

    kind: Literal["start", "change", "end", "enroll", "compare", "verify"]
    command_id: UUID
    node_id: UUID
    issued_utc: Utc
    reply_key: Name | None = None
    """The sealing key (text form) for the reply's body, if it is personal."""
    gate: Gate | None = None
    """For `enroll`: the bounds for the picture."""


class ReplyHeader(Message):
    """Clear part of a node's reply."""

    kind: Literal["reply"] = "reply"
    command_id: UUID
    node_id: UUID
    status: Literal["ok", "rejected", "unavailable"]
    code: Name | None = None
    """A stable word for programs when the status is not ok."""
    http_status: Annotated[int, Field(ge=200, le=599)] = 200
    message: Text = ""


class Template(Message):
    """A face template: the mean embedding of one recogniser."""

    embedding_id: UUID
    recogniser: Name
    """`name@version`."""
    vector: Annotated[str, Field(max_length=16_384)]
    """Little-endian float32, base64."""


class StartSession(Message):
    """Body of `start`: everything a node needs to watch one session, sealed to the node."""

    session_id: UUID
    tenant_id: UUID
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)]
    exam_session_id: Name
    candidate_id: Name
    exam_id: Name
    policy: Policy
    templates: Annotated[tuple[Template, ...], Field(max_length=8)]
    """Empty: identity cannot be verified, and the node reports that."""
    seal_key_id: UUID
    seal_key: Name
    """Public key of this candidate and exam; every alert of the session is sealed to it."""
    transcript_key_id: UUID | None = None
    transcript_key: Name | None = None
    """Public key of this session for spoken words, sealed in addition to the alert. None: exam and candidate
    do not both agree; then no spoken words are kept."""
    evidence_key_id: UUID | None = None
    evidence_key: Name | None = None
    """Public key of this candidate and exam that pictures are sealed to. None: no picture is kept."""
    token_key: Name
    """The coordinator's public token key (`ed25519:…`); candidates' tokens are checked with it."""
    expires_utc: Utc
    elapsed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """How long the session has run when it is started again. Its clock continues from there: an event after a
    node's restart must not get the id of an earlier one."""
    paused: bool = False
    """A proctor has paused the exam: nothing is watched or judged until the next change."""
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = ()
    """Purposes that the candidate has not agreed to, or has withdrawn. Nothing is done for them."""


class SessionAccepted(Message):
    """Reply to `start`."""

    session_id: UUID
    signaling_url: Name
    whip_url: Name


class SessionChanged(Message):
    """Reply to `change`. That command's body is the complete new `StartSession` of the same epoch."""

    session_id: UUID
    policy_version: int
    paused: bool


class EndSession(Message):
    """Body of `end`."""

    session_id: UUID
    submitted: bool
    """True when the candidate submitted, False when someone else ended the session."""


class SessionEnded(Message):
    """Reply to `end`; from the alert sequences the coordinator knows when all alerts have arrived."""

    session_id: UUID
    was_running: bool
    epoch: int | None = None
    """The assignment that ended; None: nothing was running."""
    unwatched_s: Seconds | None = None
    """Its last word, as in `SessionState`."""


class FailedCheck(Message):
    """One failed check of a gate."""

    check: Name
    value: float | None
    bound: Text
    advice: Text
    """What to do about it, for the candidate."""


class FacePicture(Message):
    """The measurements of a picture's one face."""

    box_px: tuple[float, float, float, float]
    """x, y, width, height."""
    quality: Unit
    sharpness: float
    brightness: float
    illumination_variance: float
    pitch_deg: float | None
    yaw_deg: float | None
    roll_deg: float | None


class EnrolledPicture(Message):
    """Reply to `enroll`, sealed to the candidate's template key. The request's body is the JPEG itself."""

    faces: int
    face: FacePicture | None
    failed: tuple[FailedCheck, ...]
    templates: Annotated[tuple[Template, ...], Field(max_length=8)]
    """One per recogniser of the node; empty when a check failed."""


class VerifyFrame(Message):
    """Body of `verify`: compare one buffered frame, by default the newest, with the enrolled face."""

    session_id: UUID
    frame_id: Annotated[int, Field(ge=0)] | None = None


class VerifiedFrame(Message):
    """Reply to `verify`, sealed to the session's candidate-and-exam key."""

    frame_id: int
    match: bool | None
    """None when the frame did not pass the verification gate: neither match nor mismatch."""
    similarity: Unit | None
    threshold: Unit
    embedding_id: UUID | None
    face: FacePicture | None
    failed: tuple[FailedCheck, ...]
    captured_utc: Utc


class OutboxState(Message):
    """The state of one lane of a node's outbox."""

    outbox_id: UUID
    lane: Lane
    last_sequence: int
    waiting: int
    dropped: int
    """Alerts deleted at the outbox's limit since it was created."""
    first_waiting: Annotated[int, Field(ge=1)] = 1
    """The lowest sequence still held. Lower ones that were never committed are lost, so a mark may skip
    them. One above `last_sequence` when nothing waits."""


class SessionState(Message):
    """One session as the node sees it; no names."""

    session_id: UUID
    epoch: int
    phase: Name
    frames_processed: int
    alerts_triggered: int
    last_verified_utc: Utc | None
    policy_version: int | None = None
    """Its policy version: the coordinator repeats changes that a node missed. None: unknown."""
    paused: bool | None = None
    expires_utc: Utc | None = None
    hears_phrases: bool | None = None
    """Whether it listens for phrases: the coordinator repeats a missed withdrawal of the consent."""
    token_key_id: Name | None = None
    """The `kid` of the key that its candidate's tokens are checked with: the coordinator repeats a missed
    revocation. None: unknown."""
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] | None = None
    """The purposes it does nothing for: the coordinator repeats a change that it missed. None: unknown."""
    unwatched_s: Seconds | None = None
    """Seconds in which nobody looked, of each kind that was to be watched, since this node took the session
    up. None: unknown."""


class Heartbeat(Message):
    """A node's state every 5 s: header only, signed, without personal data."""

    kind: Literal["heartbeat"] = "heartbeat"
    node_id: UUID
    boot_id: UUID
    """A new id at each start of the daemon."""
    sent_utc: Utc
    region: Name
    sealing_key: Name
    signaling_url: Name
    health: Annotated[int, Field(ge=0, le=10)]
    """0 broken … 10 healthy."""
    level: Annotated[int, Field(ge=0, le=4)]
    rating: int
    """The most sessions of this node."""
    device: Name
    models: dict[str, Name]
    recognisers: tuple[Name, ...]
    outbox: tuple[OutboxState, ...]
    reasons: Annotated[tuple[Name, ...], Field(max_length=32)] = ()
    """What lowers its health, in stable words."""
    refused_commands: Annotated[dict[Name, Annotated[int, Field(ge=0)]], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Commands it refused since its start, by reason; `stale` points to a wrong clock."""
    sessions: Annotated[tuple[SessionState, ...], Field(max_length=500)] = ()
    """All its sessions. The coordinator restarts a session that is missing here."""

    @property
    def load(self) -> int:
        """The number of the node's sessions."""
        return len(self.sessions)


class LaneMark(Message):
    """All alerts of this outbox and lane up to `sequence` are committed at the coordinator."""

    outbox_id: UUID
    lane: Lane
    sequence: Annotated[int, Field(ge=0)]


class Marks(Message):
    """Committed high-water marks of one node: header only, signed by the coordinator.

    The reply to a heartbeat; also sent when marks advance. The outbox deletes only alerts up to a mark.
    """

    kind: Literal["marks"] = "marks"
    node_id: UUID
    marks: tuple[LaneMark, ...]
    sent_utc: Utc | None = None
    """Time of the coordinator's clock; a node compares its own clock with it."""


def encode_vector(values: bytes) -> str:
    """Encode raw little-endian float32 bytes as base64."""
    return base64.b64encode(values).decode("ascii")


def decode_vector(text: str) -> bytes:
    """Decode a vector's base64 to raw bytes. Raises `Corrupt` when it is invalid."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Corrupt("a template's vector is not base64") from error
    if not raw or len(raw) % 4:
        raise Corrupt("a template's vector is not float32")
    return raw
