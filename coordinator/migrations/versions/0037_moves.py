"""What a node was told of its session's former nodes; lost alerts of outboxes that nobody was told of yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("assignments") as table:
        table.add_column(sa.Column("handed_utc", _INSTANT, nullable=True))
    with op.batch_alter_table("lane_marks") as table:
        table.add_column(sa.Column("lost", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("lost_since_utc", _INSTANT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("lane_marks") as table:
        for column in ("lost_since_utc", "lost"):
            table.drop_column(column)
    with op.batch_alter_table("assignments") as table:
        table.drop_column("handed_utc")
