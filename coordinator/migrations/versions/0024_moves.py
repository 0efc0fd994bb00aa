"""Why a session came to its node."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "assignments", sa.Column("because", sa.String(40), nullable=False, server_default="started")
    )


def downgrade() -> None:
    op.drop_column("assignments", "because")
