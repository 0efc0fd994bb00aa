"""Tickets of live sockets that were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_tickets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("expires_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_used_tickets_expires_utc", "used_tickets", ["expires_utc"])


def downgrade() -> None:
    op.drop_table("used_tickets")
