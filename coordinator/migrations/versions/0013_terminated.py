"""Exams that a proctor has terminated for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("terminated_utc", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE sessions SET terminated_utc = ended_utc WHERE id IN "
        "(SELECT session_id FROM alerts WHERE event_type = 'PROCTOR_TERMINATE')"
    )


def downgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.drop_column("terminated_utc")
