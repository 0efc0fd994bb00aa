"""What retention has erased, and which coordinator does it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_leases",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_until_utc", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_utc", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "retention_tallies",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("kept", sa.String(40), primary_key=True),
        sa.Column("things", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for table in ("retention_tallies", "retention_leases"):
        op.drop_table(table)
