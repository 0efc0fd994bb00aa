"""Archives of the audit log, what deliveries have sent, and checkpoints at the hub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_UNPUBLISHED = sa.text("published_utc IS NULL")


def upgrade() -> None:
    op.add_column("audit_entries", sa.Column("destination_id", sa.Uuid(), nullable=True))
    op.add_column("audit_heads", sa.Column("archived", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("audit_heads", sa.Column("archived_chain", sa.LargeBinary(), nullable=True))
    op.add_column("audit_checkpoints", sa.Column("published_utc", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_audit_checkpoints_unpublished",
        "audit_checkpoints",
        ["at_utc"],
        sqlite_where=_UNPUBLISHED,
        postgresql_where=_UNPUBLISHED,
    )


def downgrade() -> None:
    op.drop_index("ix_audit_checkpoints_unpublished", "audit_checkpoints")
    op.drop_column("audit_checkpoints", "published_utc")
    op.drop_column("audit_heads", "archived_chain")
    op.drop_column("audit_heads", "archived")
    op.drop_column("audit_entries", "destination_id")
