"""Which of the coordinator's signing keys count for a node."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("nodes", sa.Column("coordinator_keys", sa.String(32), nullable=True))


def downgrade() -> None:
    op.drop_column("nodes", "coordinator_keys")
