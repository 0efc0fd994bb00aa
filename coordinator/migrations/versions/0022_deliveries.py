"""Destinations of institutions' own systems, their secrets, and the outbox of deliveries to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _destinations()
    _deliveries()


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("destination_secrets")
    op.drop_table("destinations")


def _destinations() -> None:
    op.create_table(
        "destinations",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("created_utc", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("paused_utc", _INSTANT, nullable=True),
        sa.Column("paused_by", sa.String(200), nullable=True),
        sa.Column("removed_utc", _INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until_utc", _INSTANT, nullable=True),
        sa.Column("last_error", sa.String(40), nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_until_utc", _INSTANT, nullable=True),
    )
    op.create_index("ix_destinations_tenant", "destinations", ["tenant_id", "removed_utc"])
    op.create_table(
        "destination_secrets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("destination_id", sa.Uuid(), sa.ForeignKey("destinations.id"), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_utc", _INSTANT, nullable=False),
        sa.Column("ends_utc", _INSTANT, nullable=True),
    )
    op.create_index("ix_destination_secrets_destination_id", "destination_secrets", ["destination_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("destination_id", sa.Uuid(), sa.ForeignKey("destinations.id"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("event_type", sa.String(40), nullable=True),
        sa.Column("event_class", sa.String(40), nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("noted_utc", _INSTANT, nullable=False),
        sa.Column("due_utc", _INSTANT, nullable=False),
        sa.Column("next_try_utc", _INSTANT, nullable=False),
        sa.Column("settled_utc", _INSTANT, nullable=True),
        sa.UniqueConstraint("destination_id", "parcel_id"),
    )
    op.create_index("ix_deliveries_queue", "deliveries", ["destination_id", "state", "sequence"])
    op.create_index("ix_deliveries_waits", "deliveries", ["destination_id", "state", "next_try_utc"])
    op.create_index("ix_deliveries_subject", "deliveries", ["subject_id"])
    op.create_index("ix_deliveries_noted", "deliveries", ["noted_utc"])
