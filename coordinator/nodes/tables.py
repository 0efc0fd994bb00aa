"""Tables of edge nodes, assignments of sessions to nodes, and how far each outbox is committed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.nodes.assignments import Because
from coordinator.nodes.placements import Placement
from shared.events.types import Lane


class Node(Row, table=True):
    """One edge node whose messages are accepted. Only `fleet` knows whether it is online."""

    __tablename__ = "nodes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    region: str = Field(max_length=NAME_CHARS)
    signing_key: str = Field(max_length=KEY_TEXT_CHARS)
    """`ed25519:…`; checks all its messages."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    last_seen_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Time of the last heartbeat, written at most once a minute."""
    name: str | None = Field(default=None, max_length=NAME_CHARS)
    """What people call it."""
    joined_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it joined with a token; None: only the configuration names it."""
    revoked_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """From then on none of its messages is accepted."""
    revoked_by: str | None = Field(default=None, max_length=NAME_CHARS)
    placement: Placement = Field(default=Placement.OPEN, sa_type=words(Placement))
    """Whether it gets new sessions."""
    placement_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when; None: it was never changed."""
    placement_reason: str | None = Field(default=None, max_length=NAME_CHARS)
    """What the operator wrote."""
    drain_deadline_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """By when a draining node is to be empty."""
    drain_running: bool = False
    """Whether its drain moves running exams too."""
    boot_id: UUID | None = None
    """The run of its daemon that is the node."""
    coordinator_keys: str | None = Field(default=None, max_length=32)
    """Which of the coordinator's signing keys count for it, as its heartbeats said when one followed another;
    None: nothing was said."""
    other_host_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When another host with its identity was refused last; written at most twice a minute."""


_CURRENT = text("to_utc IS NULL")


class Assignment(Row, table=True):
    """One node watches one session, from an instant on until another node takes over.

    The last assignment of a session stays current after the session's end, so that late alerts of its node
    are accepted.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        Index(
            "uq_assignments_current",
            "session_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    session_id: UUID = Field(foreign_key="sessions.id", primary_key=True)
    epoch: int = Field(primary_key=True)
    """Counts the session's assignments from 1; commands and alerts carry it."""
    tenant_id: UUID = Field(foreign_key="tenants.id")
    node_id: UUID = Field(foreign_key="nodes.id")
    from_utc: datetime = Field(sa_type=UtcDateTime)
    to_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the next assignment began; None for the current one."""
    because: Because = Field(default=Because.STARTED, sa_type=words(Because))
    """Why the session came to this node."""
    handed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """What was stored of its former nodes by then was told to this one; None: by `from_utc`."""


class CommittedLane(Row, table=True):
    """Which sequences of one outbox and lane are committed (`nodes.marks.Progress`)."""

    __tablename__ = "lane_marks"

    node_id: UUID = Field(foreign_key="nodes.id", primary_key=True)
    outbox_id: UUID = Field(primary_key=True)
    lane: Lane = Field(sa_type=words(Lane), primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    mark: int = Field(default=0, sa_type=BigInteger)
    """Everything up to here is committed."""
    beyond: list[list[int]] = Field(default_factory=list, sa_type=JSON)
    """Committed ranges [first, last] above the gap, in order."""
    lost: int = Field(default=0, sa_type=BigInteger)
    """Alerts that will never arrive, and that no session was told of yet."""
    lost_since_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the last alert before them arrived."""
    updated_utc: datetime = Field(sa_type=UtcDateTime)
