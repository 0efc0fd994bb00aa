"""Tables of acts on incidents and of the findings that verdicts are about: never changed afterwards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.incidents.states import State
from coordinator.reviews.states import Act, DismissReason
from shared.tokens import Role


class ReviewAct(Row, table=True):
    """One act on an incident: author, act, time and reason."""

    __tablename__ = "review_acts"
    __table_args__ = (Index("ix_review_acts_history", "incident_id", "at_utc"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    incident_id: UUID = Field(foreign_key="incidents.id")
    act: Act = Field(sa_type=words(Act))
    actor: str = Field(max_length=NAME_CHARS)
    """The token's subject."""
    role: Role = Field(sa_type=words(Role))
    reason: DismissReason | None = Field(default=None, sa_type=words(DismissReason))
    text_sealed: bytes | None = None
    """The person's text, under the data key of the session's candidate and exam."""
    state: State = Field(sa_type=words(State))
    """The incident's state afterwards."""
    at_utc: datetime = Field(sa_type=UtcDateTime)
    effective_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a verdict takes effect; until then it can be undone. None: at once."""
    grown_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """The incident's `changed_utc` before the act; an undo restores it."""


class VerdictFinding(Row, table=True):
    """A finding that a verdict is about."""

    __tablename__ = "verdict_findings"

    act_id: UUID = Field(foreign_key="review_acts.id", primary_key=True)
    alert_id: UUID = Field(foreign_key="alerts.id", primary_key=True, index=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
