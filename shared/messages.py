"""What travels on NATS besides alerts: commands and their replies, heartbeats, high-water marks.

Each message is a parcel of `shared.sealing`: a clear, signed header (one class here per kind, closed by its
`kind`) and a body. Bodies that speak of a person are sealed: commands to the node's key, replies to the key
the command named. A command is obeyed once, within `COMMAND_LIFETIME_S` of its making, by the node it names.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Corrupt
from shared.events.types import Lane
from shared.fields import Name, Text, Unit, Utc
from shared.policy.schema import Policy
from shared.policy.terms import Gate

COMMAND_LIFETIME_S = 30.0
HEARTBEAT_INTERVAL_S = 5.0
MISSING_AFTER_S = 15.0
"""A node silent for this long gets no new sessions."""
MAX_CLOCK_SKEW_S = 25.0
"""Between the clocks of node and coordinator, a little below a command's lifetime: with more, a node refuses
every command as stale, so it is sent none and gets no new sessions."""
MAX_PICTURE_BYTES = 900_000
"""Of one re-encoded enrollment picture, so that its sealed command stays below NATS' message bound."""

M = TypeVar("M", bound=BaseModel)


class Message(BaseModel):
    """Frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse(kind: type[M], data: bytes | dict[str, Any]) -> M:
    """A message or body of this kind. Raises `Corrupt` when it is none; never repeats its content."""
    try:
        return kind.model_validate_json(data) if isinstance(data, bytes) else kind.model_validate(data)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
        raise Corrupt(f"not a {kind.__name__}: wrong at {places}") from error


class CommandHeader(Message):
    """Clear part of every command of the coordinator to one node."""

    kind: Literal["start", "change", "end", "enroll", "compare", "verify"]
    command_id: UUID
    node_id: UUID
    issued_utc: Utc
    reply_key: Name | None = None
    """The sealing key (text form) the reply's body must be sealed to, where it is personal."""
    gate: Gate | None = None
    """For `enroll`: the bounds the picture must keep."""


class ReplyHeader(Message):
    """Clear part of a node's reply."""

    kind: Literal["reply"] = "reply"
    command_id: UUID
    node_id: UUID
    status: Literal["ok", "rejected", "unavailable"]
    code: Name | None = None
    """Stable word for programs when the status is not ok."""
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
    """Body of `start`: all a node needs to watch one session, sealed to the node."""

    session_id: UUID
    tenant_id: UUID
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)]
    exam_session_id: Name
    candidate_id: Name
    exam_id: Name
    policy: Policy
    templates: Annotated[tuple[Template, ...], Field(max_length=8)]
    """Empty: identity cannot be verified, and the node says so."""
    seal_key_id: UUID
    seal_key: Name
    """Public key of this candidate and exam; every alert of the session is sealed to it."""
    transcript_key_id: UUID | None = None
    transcript_key: Name | None = None
    """Public key of this session that what is said is sealed to, besides the alert's own. None: exam and
    candidate have not both agreed, or no more; then nothing that was said is kept."""
    evidence_key_id: UUID | None = None
    evidence_key: Name | None = None
    """Public key of this candidate and exam that pictures are sealed to. None: no picture is kept."""
    token_key: Name
    """The coordinator's public token key (`ed25519:…`); candidates' tokens are checked with it."""
    expires_utc: Utc
    elapsed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """How long the session has run when it is ordered again. Its clock goes on from there: an event after a
    node's restart must not take the id of one before it."""
    paused: bool = False
    """A proctor has paused the exam: nothing is judged until it is changed again."""


class SessionAccepted(Message):
    """Reply to `start`."""

    session_id: UUID
    signaling_url: Name
    whip_url: Name


class SessionChanged(Message):
    """Reply to `change`, whose body is the whole `StartSession` as it is from now on, of the same epoch."""

    session_id: UUID
    policy_version: int
    paused: bool


class EndSession(Message):
    """Body of `end`."""

    session_id: UUID
    submitted: bool
    """True when the candidate handed in, False when somebody else ended the session."""


class SessionEnded(Message):
    """Reply to `end`; the alert sequences let the coordinator know when everything has arrived."""

    session_id: UUID
    was_running: bool


class FailedCheck(Message):
    """One check of a gate that a picture did not pass."""

    check: Name
    value: float | None
    bound: Text
    advice: Text
    """What to do about it, for the candidate."""


class FacePicture(Message):
    """What is known of the one face of a picture."""

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
    """Body of `verify`: compare one buffered frame, or the newest, with the enrolled face."""

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
    """Where one lane of a node's outbox stands."""

    outbox_id: UUID
    lane: Lane
    last_sequence: int
    waiting: int
    dropped: int
    """Alerts given up at the outbox's cap since it was made."""
    first_waiting: Annotated[int, Field(ge=1)] = 1
    """The lowest sequence still held: what lies below and was never committed is lost for good, so that a
    mark may step over it. One above `last_sequence` when nothing waits."""


class SessionState(Message):
    """One session as the node sees it; no names."""

    session_id: UUID
    epoch: int
    phase: Name
    frames_processed: int
    alerts_triggered: int
    last_verified_utc: Utc | None
    policy_version: int | None = None
    """What it runs under: the coordinator tells a node again what it has missed. None: not said."""
    paused: bool | None = None
    expires_utc: Utc | None = None
    hears_phrases: bool | None = None
    """Whether it listens for phrases: it is told again when the candidate no longer agrees to that."""


class Heartbeat(Message):
    """A node's state every 5 s: header only, signed, about nobody."""

    kind: Literal["heartbeat"] = "heartbeat"
    node_id: UUID
    boot_id: UUID
    """New at each start of the daemon."""
    sent_utc: Utc
    region: Name
    sealing_key: Name
    signaling_url: Name
    health: Annotated[int, Field(ge=0, le=10)]
    """0 broken … 10 well."""
    level: Annotated[int, Field(ge=0, le=4)]
    rating: int
    """Sessions this node takes."""
    device: Name
    models: dict[str, Name]
    recognisers: tuple[Name, ...]
    outbox: tuple[OutboxState, ...]
    reasons: Annotated[tuple[Name, ...], Field(max_length=32)] = ()
    """What is missing to full health, in stable words."""
    refused_commands: Annotated[dict[Name, Annotated[int, Field(ge=0)]], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Commands it would not obey since its start, by reason; `stale` tells of a wrong clock."""
    sessions: Annotated[tuple[SessionState, ...], Field(max_length=500)] = ()
    """Every session it has; one that the coordinator misses here is started again."""

    @property
    def load(self) -> int:
        """How many sessions the node has."""
        return len(self.sessions)


class LaneMark(Message):
    """Everything of this outbox and lane up to `sequence` is committed at the coordinator."""

    outbox_id: UUID
    lane: Lane
    sequence: Annotated[int, Field(ge=0)]


class Marks(Message):
    """Committed high-water marks of one node: header only, signed by the coordinator.

    Answers a heartbeat and is sent on its own as marks move. Only what a mark covers leaves the outbox.
    """

    kind: Literal["marks"] = "marks"
    node_id: UUID
    marks: tuple[LaneMark, ...]
    sent_utc: Utc | None = None
    """By the coordinator's clock; a node compares its own with it."""


def encode_vector(values: bytes) -> str:
    """Base64 text of raw little-endian float32 bytes."""
    return base64.b64encode(values).decode("ascii")


def decode_vector(text: str) -> bytes:
    """The raw bytes of such a text. Raises `Corrupt` when it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Corrupt("a template's vector is not base64") from error
    if not raw or len(raw) % 4:
        raise Corrupt("a template's vector is not float32")
    return raw
