"""A former name may be of a session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("former_references") as table:
        of_sessions = sa.ForeignKey("sessions.id", name="fk_former_references_session_id")
        table.add_column(sa.Column("session_id", sa.Uuid(), of_sessions, nullable=True))
        table.create_index("ix_former_references_session_id", ["session_id"])


def downgrade() -> None:
    # Without the column it would be a name of the candidate's own.
    op.execute("DELETE FROM former_references WHERE session_id IS NOT NULL")
    with op.batch_alter_table("former_references") as table:
        table.drop_index("ix_former_references_session_id")
        table.drop_column("session_id")
