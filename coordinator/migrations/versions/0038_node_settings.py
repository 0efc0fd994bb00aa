"""Settings and networks that are given to nodes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node_settings",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_node_settings_target", "node_settings", ["scope", "target", "version"])


def downgrade() -> None:
    op.drop_table("node_settings")
