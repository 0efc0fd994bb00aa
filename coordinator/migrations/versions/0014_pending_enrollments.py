"""Enrollments that wait for an administrator, because they are unlike the ones before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COLUMNS = ("in_force_utc", "review_sealed", "decided_by", "decided_utc")


def upgrade() -> None:
    with op.batch_alter_table("enrollments") as table:
        table.add_column(sa.Column("in_force_utc", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("review_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("decided_by", sa.String(200), nullable=True))
        table.add_column(sa.Column("decided_utc", sa.DateTime(timezone=True), nullable=True))
    # Until now each counted from the moment it was made.
    op.execute("UPDATE enrollments SET in_force_utc = created_utc")


def downgrade() -> None:
    # The program before takes the newest enrollment, whatever was decided about it.
    idle = "SELECT id FROM enrollments WHERE in_force_utc IS NULL"
    for table in ("templates", "enrollment_pictures"):
        op.execute(f"DELETE FROM {table} WHERE enrollment_id IN ({idle})")
    op.execute("DELETE FROM enrollments WHERE in_force_utc IS NULL")
    with op.batch_alter_table("enrollments") as batch:
        for name in _COLUMNS:
            batch.drop_column(name)
