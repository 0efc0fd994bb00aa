"""Tables of sessions, join codes, devices and acknowledgements."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import (
    KEY_TEXT_CHARS,
    NAME_CHARS,
    REFERENCE_CHARS,
    URL_CHARS,
    Row,
    UtcDateTime,
    words,
)
from coordinator.ground.ids import uuid7
from coordinator.sessions.binding import DeviceState
from coordinator.tokens.tables import KID_CHARS
from shared.tokens import Role


class ExamSession(Row, table=True):
    """One sitting of one candidate. It is active until `ended_utc`, and expired past `expires_utc`.

    Its present assignment (`nodes.tables.Assignment`) has its node.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        Index("ix_sessions_candidate", "tenant_id", "candidate_id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    """The session_id in subjects, signaling paths, logs and metrics."""
    tenant_id: UUID = Field(foreign_key="tenants.id")
    reference: str = Field(max_length=REFERENCE_CHARS)
    """The institution's exam_session_id."""
    candidate_id: UUID = Field(foreign_key="candidates.id")
    exam_reference: str = Field(max_length=REFERENCE_CHARS)
    """The institution's exam_id."""
    seal_key_id: UUID = Field(foreign_key="keys.id")
    """The sealing key (class exam) to which its alerts are sealed."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    """The data key (class exam) of `details_sealed` and of its alerts."""
    enrollment_id: UUID | None = Field(default=None, foreign_key="enrollments.id")
    """The enrollment with the templates on the node; None: identity is unavailable."""
    policy: dict[str, Any] = Field(sa_type=JSON)
    """The complete policy in force (a dump of `shared.policy.schema.Policy`)."""
    policy_version: int
    device: int = 0
    """The number of the device that it is bound to; 0: none yet. Tokens of devices with lower numbers are
    invalid."""
    token_kid: str | None = Field(default=None, max_length=KID_CHARS)
    """The id of the key whose public half its node has: every token of the session is signed with it. None:
    the installation's own key."""
    signaling_url: str = Field(max_length=URL_CHARS)
    whip_url: str = Field(max_length=URL_CHARS)
    details_sealed: bytes
    """JSON: the caller's data (metadata, front-end instance)."""
    started_utc: datetime = Field(sa_type=UtcDateTime)
    begins_utc: datetime = Field(sa_type=UtcDateTime)
    """When its exam begins: at its start, or later."""
    expires_utc: datetime = Field(sa_type=UtcDateTime)
    """While the exam is paused, later by the longest pause (see `expiry`)."""
    ended_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    terminated_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a proctor terminated it; from then on only staff may start this exam for the candidate."""
    paused_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a proctor paused the exam; None: it is not paused."""
    withheld: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Purposes for which nothing may be done, each with the reason (`consents.words.Why`)."""
    ungrouped_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The earliest onset of its alerts that could not be grouped into incidents; None: all are grouped."""
    unwatched: dict[str, dict[str, float]] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    """Unwatched seconds by node's run and kind (`sessions.watched.runs`); None if no node has reported
    any."""
    page: str | None = Field(default=None, max_length=40)
    """What its node last reported about the candidate's page (`SessionState.phase`); None: nothing yet."""
    page_since_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the node first reported this phase."""
    page_came_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the page was first connected with a camera; None: not yet."""
    camera_trouble: str | None = Field(default=None, max_length=20)
    """Why the page could not turn on its camera, as it last reported (`CameraTrouble`); None: it could."""
    camera_trouble_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when it reports this."""
    erased_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its candidate was erased. The row stays, empty: late messages of its node are then refused."""


class SessionPolicy(Row, table=True):
    """A change of a running session's policy, with author and reason; never changed afterwards."""

    __tablename__ = "session_policies"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    version: int
    """The version in alerts from then on."""
    version_before: int
    policy: dict[str, Any] = Field(sa_type=JSON)
    """The complete policy, without the candidate's accommodation."""
    changed_by: str = Field(max_length=NAME_CHARS)
    """The token's subject."""
    role: Role = Field(sa_type=words(Role))
    reason_sealed: bytes
    """The reason, under the session's data key: it may be about the candidate."""
    changed_utc: datetime = Field(sa_type=UtcDateTime)


class JoinCode(Row, table=True):
    """The code of a link to a session; only its hash is stored. It works until the session ends or another
    link replaces it."""

    __tablename__ = "join_codes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    code_hash: bytes = Field(unique=True)
    """SHA-256 of the code."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    replaced_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When another link replaced it; None: it works."""


class Device(Row, table=True):
    """A device that has opened a session or asked to. It is known by a public key; the private key stays on
    the device."""

    __tablename__ = "session_devices"
    __table_args__ = (
        UniqueConstraint("session_id", "key"),
        UniqueConstraint("session_id", "number"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id")
    key: str = Field(max_length=KEY_TEXT_CHARS)
    """P-256, SubjectPublicKeyInfo in base64url."""
    state: DeviceState = Field(sa_type=words(DeviceState))
    number: int | None = None
    """1 for the first device that the session was bound to, 2 for the next, and so on; None: never bound."""
    challenge: str = Field(max_length=NAME_CHARS)
    """What it must sign to open the session the next time; it changes after each use."""
    asked_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bound_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approved_by: str | None = Field(default=None, max_length=NAME_CHARS)
    """The token's subject of the person who approved it; None: it was the first device, or is not
    approved."""


class Acknowledgement(Row, table=True):
    """A candidate's acknowledgement of a version of the notice for these purposes."""

    __tablename__ = "acknowledgements"
    __table_args__ = (Index("ix_acknowledgements_candidate", "tenant_id", "candidate_id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    notice_version: str = Field(max_length=NAME_CHARS)
    language: str = Field(max_length=35)
    """BCP 47 tag of the shown text."""
    purposes: list[str] = Field(sa_type=JSON)
    acknowledged_utc: datetime = Field(sa_type=UtcDateTime)
