"""Rollouts of networks, what was counted in them, and the versions that exams have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("former", sa.String(200), nullable=False),
        sa.Column("region", sa.String(200), nullable=False),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("ongoing", sa.Boolean(), nullable=True, unique=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("began_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "rollout_sessions",
        sa.Column("rollout_id", sa.Uuid(), sa.ForeignKey("rollouts.id"), primary_key=True),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("epoch", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("tallies", sa.JSON(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
    )
    op.create_table(
        "exam_networks",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("exam_reference", sa.String(128), primary_key=True),
        sa.Column("task", sa.String(200), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("rollout_id", sa.Uuid(), sa.ForeignKey("rollouts.id"), nullable=True, index=True),
        sa.Column("given_by", sa.String(200), nullable=False),
        sa.Column("given_utc", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for table in ("exam_networks", "rollout_sessions", "rollouts"):
        op.drop_table(table)
