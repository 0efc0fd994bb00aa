"""Enrollments that expire, checks before the exam, and pairs of faces that people look at."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("enrollments") as table:
        table.add_column(_time("expires_utc", nullable=True))
    op.create_table(
        "practice_checks",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates"),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        _time("checked_utc"),
    )
    op.create_index("ix_practice_checks_newest", "practice_checks", ["candidate_id", "checked_utc"])
    op.create_table(
        "face_pairs",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates", index=True),
        _reference("other_id", "candidates", index=True),
        sa.Column("details_sealed", sa.LargeBinary(), nullable=False),
        _reference("data_key_id", "keys"),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("found_by", sa.String(200), nullable=False),
        _time("found_utc"),
        sa.Column("decided_by", sa.String(200), nullable=True),
        _time("decided_utc", nullable=True),
    )
    op.create_index("ix_face_pairs_newest", "face_pairs", ["tenant_id", "found_utc", "id"])


def downgrade() -> None:
    op.drop_table("face_pairs")
    op.drop_table("practice_checks")
    with op.batch_alter_table("enrollments") as table:
        table.drop_column("expires_utc")


def _id() -> sa.Column[UUID]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _reference(name: str, table: str, *, index: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=False, index=index)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
