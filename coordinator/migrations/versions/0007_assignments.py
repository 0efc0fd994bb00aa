"""Which node watches a session when: assignments in place of one node per session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CURRENT = sa.text("to_utc IS NULL")


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("epoch", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("from_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_utc", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "uq_assignments_current",
        "assignments",
        ["session_id"],
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.execute(
        "INSERT INTO assignments (session_id, epoch, tenant_id, node_id, from_utc)"
        " SELECT id, epoch, tenant_id, node_id, started_utc FROM sessions"
    )
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("epoch", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE alerts SET epoch = (SELECT epoch FROM sessions WHERE sessions.id = alerts.session_id)"
        " WHERE node_id IS NOT NULL"
    )
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("node_id")
        sessions.drop_column("epoch")


def downgrade() -> None:
    """Only the current assignment stays."""
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("node_id", sa.Uuid(), nullable=True))
        sessions.add_column(sa.Column("epoch", sa.Integer(), nullable=True))
    for column in ("node_id", "epoch"):
        op.execute(
            f"UPDATE sessions SET {column} = (SELECT {column} FROM assignments"
            " WHERE assignments.session_id = sessions.id AND to_utc IS NULL)"
        )
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("node_id", existing_type=sa.Uuid(), nullable=False)
        sessions.alter_column("epoch", existing_type=sa.Integer(), nullable=False)
        sessions.create_foreign_key("fk_sessions_node_id", "nodes", ["node_id"], ["id"])
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_column("epoch")
    op.drop_table("assignments")
