"""Bodies of the commands `start`, `change` and `end`, and of their replies."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, JsonValue

from shared.alerts import Alert
from shared.consents import Purpose
from shared.fields import KeyText, Name, Utc
from shared.messages.faces import Template
from shared.messages.heartbeats import Seconds
from shared.messages.message import Message
from shared.messages.versions import Versions
from shared.policy.schema import Policy

MAX_TOLD_OPEN: Final = 32
MAX_TOLD_OVER: Final = 256


class HandedOver(Message):
    """What the next node of a session gets of the former one, and of what was told meanwhile."""

    memory: dict[str, JsonValue] | None = None
    """The session's state (`edge.sessions.memory`); None: there is none."""
    age_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """How long ago it was saved."""
    ahead_s: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    """How far the former node's clock was ahead, if that matters."""
    policy_version: int = 0
    paused: bool = False
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = ()
    """The order under which it was saved."""
    open: Annotated[tuple[Alert, ...], Field(max_length=MAX_TOLD_OPEN)] = ()
    """The alerts that are told and not cleared: they are not raised again, and the next node clears them."""
    over: Annotated[tuple[UUID, ...], Field(max_length=MAX_TOLD_OVER)] = ()
    """Those that were cleared after the state, or shortly before: they are not told again."""


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
    seal_key: KeyText
    """Public key of this candidate and exam; every alert of the session is sealed to it."""
    transcript_key_id: UUID | None = None
    transcript_key: KeyText | None = None
    """Public key of this session for spoken words, sealed in addition to the alert. None: exam and candidate
    do not both agree; then no spoken words are kept."""
    evidence_key_id: UUID | None = None
    evidence_key: KeyText | None = None
    """Public key of this candidate and exam that pictures are sealed to. None: no picture is kept."""
    features_key_id: UUID | None = None
    features_key: KeyText | None = None
    """Public key of this candidate and exam that logged features are sealed to. None: none are logged."""
    token_key: Name
    """The coordinator's public token key (`ed25519:…`); candidates' tokens are checked with it."""
    expires_utc: Utc
    elapsed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """How long the session has run when it is started again. Its clock continues from there: an event after a
    node's restart must not get the id of an earlier one."""
    paused: bool = False
    """A proctor has paused the exam: nothing is watched or judged until the next change."""
    device: Annotated[int, Field(ge=0)] = 0
    """The number of the device that it is bound to. Tokens of devices with lower numbers are refused."""
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = ()
    """Purposes that the candidate has not agreed to, or has withdrawn. Nothing is done for them."""
    networks: Versions = Field(default_factory=dict)
    """The versions that look at this session in place of the node's own, as its exam has it."""
    shadow: Versions = Field(default_factory=dict)
    """The versions that see the same frames beside those that look. What they find is counted and never told.
    A node that cannot do it goes on without."""
    handed: HandedOver | None = None
    """Where another node, or an earlier run of this one, has watched before. Only in `start`."""


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
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """End no later assignment than this; None: whichever runs."""
    handed_over: bool = False
    """Another node goes on with the session: open events are not reported as over."""


class SessionEnded(Message):
    """Reply to `end`; from the alert sequences the coordinator knows when all alerts have arrived."""

    session_id: UUID
    was_running: bool
    epoch: int | None = None
    """The assignment that ended; None: nothing was running."""
    unwatched_s: Seconds | None = None
    """Its last report, as in `SessionState`."""
