"""The log of features."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_batches",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("data_key_id", sa.Uuid(), sa.ForeignKey("keys.id"), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_feature_batches_session_id", "feature_batches", ["session_id"])


def downgrade() -> None:
    op.drop_table("feature_batches")
