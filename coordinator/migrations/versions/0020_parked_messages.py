"""Messages of nodes that could not be judged, kept whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parked_messages",
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("outbox_id", sa.Uuid(), nullable=False),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("parked_utc", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("node_id", "outbox_id", "lane", "sequence"),
    )


def downgrade() -> None:
    op.drop_table("parked_messages")
