"""Legal holds; what retention has erased, and which coordinator does it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("thing", sa.String(40), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("exam_reference", sa.String(128), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("held_by", sa.String(200), nullable=False),
        sa.Column("held_utc", _INSTANT, nullable=False),
        sa.Column("until_utc", _INSTANT, nullable=True),
        sa.Column("released_by", sa.String(200), nullable=True),
        sa.Column("released_utc", _INSTANT, nullable=True),
    )
    op.create_index("ix_legal_holds_oldest", "legal_holds", ["tenant_id", "held_utc", "id"])
    op.create_index("ix_legal_holds_candidate", "legal_holds", ["tenant_id", "candidate_id"])


def downgrade() -> None:
    op.drop_table("legal_holds")
