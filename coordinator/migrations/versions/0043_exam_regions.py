"""An exam may name the region of its sessions' nodes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exams") as table:
        table.add_column(sa.Column("region", sa.String(200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("exams") as table:
        table.drop_column("region")
