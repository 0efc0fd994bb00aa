"""How much of a session nobody watched, as its nodes say it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("unwatched", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "unwatched")
