"""Tables of rollouts, of what was counted in them, and of the versions that exams have."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, REFERENCE_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.rollouts.course import Rollout, Stage
from coordinator.rollouts.sharing import Offered


class RolloutRow(Row, table=True):
    """One rollout of a version of a network."""

    __tablename__ = "rollouts"
    __table_args__ = (UniqueConstraint("ongoing"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    """Networks belong to no institution; it is that of the first."""
    task: str = Field(max_length=NAME_CHARS)
    """The manifest's."""
    label: str = Field(max_length=NAME_CHARS)
    """The new version, as name@version."""
    former: str = Field(max_length=NAME_CHARS)
    """The version that served the task before."""
    region: str = Field(max_length=NAME_CHARS)
    """Of the nodes that it is for; empty: of all."""
    stage: Stage = Field(sa_type=words(Stage))
    ongoing: bool | None = None
    """True or None, so that only one can go on at a time."""
    looks: int = 0
    reason: str = Field(default="", max_length=NAME_CHARS)
    """Why it was aborted."""
    made_by: str = Field(max_length=NAME_CHARS)
    began_utc: datetime = Field(sa_type=UtcDateTime)
    stage_utc: datetime = Field(sa_type=UtcDateTime)
    """Since when it is at this stage."""

    @property
    def rollout(self) -> Rollout:
        """As its course sees it."""
        return Rollout(rollout_id=self.id, stage=self.stage, looks=self.looks, reason=self.reason)

    @property
    def offered(self) -> Offered:
        """What is rolled out, where, and in place of what."""
        return Offered(self.task, self.label, self.region, self.former)


class ComparedSession(Row, table=True):
    """How far both versions agreed in one session on one node."""

    __tablename__ = "rollout_sessions"

    rollout_id: UUID = Field(foreign_key="rollouts.id", primary_key=True)
    session_id: UUID = Field(foreign_key="sessions.id", primary_key=True)
    epoch: int = Field(primary_key=True)
    """The epoch of the node's assignment."""
    tenant_id: UUID = Field(foreign_key="tenants.id")
    tallies: dict[str, dict[str, int]] = Field(sa_type=JSON)
    """By event, as in `shared.messages.versions.Tally`."""
    findings: int
    """All of them."""


class ExamNetwork(Row, table=True):
    """The version of a network that looks at all sessions of one exam."""

    __tablename__ = "exam_networks"

    tenant_id: UUID = Field(foreign_key="tenants.id", primary_key=True)
    exam_reference: str = Field(max_length=REFERENCE_CHARS, primary_key=True)
    task: str = Field(max_length=NAME_CHARS, primary_key=True)
    label: str = Field(max_length=NAME_CHARS)
    rollout_id: UUID | None = Field(default=None, foreign_key="rollouts.id", index=True)
    """The rollout that gave it; None: somebody has pinned it."""
    given_by: str = Field(max_length=NAME_CHARS)
    given_utc: datetime = Field(sa_type=UtcDateTime)
