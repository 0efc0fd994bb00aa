"""Incidents, the alerts they are made of, and what people did about them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("incidents", "incident_alerts", "review_acts")
"""In the order of their making."""


def upgrade() -> None:
    _incidents()
    _review_acts()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _incidents() -> None:
    op.create_table(
        "incidents",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("session_id", "sessions"),
        _text("state", 40),
        sa.Column("queue_place", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Float(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        _time("begins_utc"),
        _time("ends_utc", nullable=True),
        _text("claimed_by", 200, nullable=True),
        _time("claim_expires_utc", nullable=True),
        _time("decided_utc", nullable=True),
        _time("changed_utc", nullable=True),
        _reference("merged_into_id", "incidents", nullable=True, index=True),
        _time("created_utc"),
    )
    op.create_index("ix_incidents_queue", "incidents", ["tenant_id", "queue_place", "begins_utc", "id"])
    op.create_index("ix_incidents_session", "incidents", ["session_id", "begins_utc"])
    op.create_table(
        "incident_alerts",
        sa.Column("alert_id", sa.Uuid(), sa.ForeignKey("alerts.id"), primary_key=True),
        _reference("tenant_id", "tenants"),
        _reference("incident_id", "incidents", index=True),
    )


def _review_acts() -> None:
    op.create_table(
        "review_acts",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("incident_id", "incidents"),
        _text("act", 40),
        _text("actor", 200),
        _text("role", 40),
        _text("reason", 40, nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        _text("state", 40),
        _time("at_utc"),
    )
    op.create_index("ix_review_acts_history", "review_acts", ["incident_id", "at_utc"])


def _id() -> sa.Column[UUID]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _reference(name: str, table: str, *, nullable: bool = False, index: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
