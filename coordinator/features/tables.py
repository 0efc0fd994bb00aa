"""Table of logged features, each message sealed under the features' data key of its candidate and exam."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import Row, UtcDateTime


class FeatureBatch(Row, table=True):
    """A minute's vectors of one session; the id is the message's."""

    __tablename__ = "feature_batches"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    data_key_id: UUID = Field(foreign_key="keys.id")
    body_sealed: bytes
    """The vectors as JSON (`shared.features`)."""
    received_utc: datetime = Field(sa_type=UtcDateTime)
