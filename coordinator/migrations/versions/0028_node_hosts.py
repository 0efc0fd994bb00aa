"""Which host is a node, and when another one with its identity spoke."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("nodes", sa.Column("boot_id", sa.Uuid(), nullable=True))
    op.add_column("nodes", sa.Column("other_host_utc", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("nodes", "other_host_utc")
    op.drop_column("nodes", "boot_id")
