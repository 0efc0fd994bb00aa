"""Erasures of persons, with their journal, and candidates' requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("decided_utc", _INSTANT, nullable=False),
        sa.Column("decided_by", sa.String(40), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("ended", sa.JSON(), nullable=False),
        sa.Column("completed_utc", _INSTANT, nullable=True),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("candidate_id"),
    )
    op.create_table(
        "erased_sessions",
        sa.Column("session_id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), sa.ForeignKey("erasures.id"), nullable=False),
    )
    op.create_index("ix_erased_sessions_erasure_id", "erased_sessions", ["erasure_id"])
    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("asked_utc", _INSTANT, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("decided_utc", _INSTANT, nullable=True),
        sa.Column("refusal", sa.String(40), nullable=True),
    )
    op.create_index("ix_erasure_requests_oldest", "erasure_requests", ["tenant_id", "asked_utc", "id"])
    op.create_index("ix_erasure_requests_candidate", "erasure_requests", ["candidate_id"])
    for table in ("candidates", "sessions"):
        op.add_column(table, sa.Column("erased_utc", _INSTANT, nullable=True))
    op.add_column("deliveries", sa.Column("told_sealed", sa.LargeBinary(), nullable=True))
    op.create_index("ix_deliveries_session_id", "deliveries", ["session_id"])
    # A deleted alert is looked for here, and the table's own key begins with the act.
    op.create_index("ix_verdict_findings_alert_id", "verdict_findings", ["alert_id"])


def downgrade() -> None:
    """Erased persons stay erased; only the record of it goes."""
    op.drop_index("ix_verdict_findings_alert_id", "verdict_findings")
    op.drop_index("ix_deliveries_session_id", "deliveries")
    op.execute("DELETE FROM deliveries WHERE kind = 'person.erased'")
    op.drop_column("deliveries", "told_sealed")
    for table in ("candidates", "sessions"):
        op.drop_column(table, "erased_utc")
    for table in ("erasure_requests", "erased_sessions", "erasures"):
        op.drop_table(table)
