"""Nodes join with a token, have certificates, and can be revoked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OF_NODES = ("name", "joined_utc", "revoked_utc", "revoked_by")


def upgrade() -> None:
    with op.batch_alter_table("nodes") as table:
        table.add_column(sa.Column("name", sa.String(200), nullable=True))
        table.add_column(sa.Column("joined_utc", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("revoked_utc", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("revoked_by", sa.String(200), nullable=True))
    op.create_table(
        "join_tokens",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("region", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=True),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_utc", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=True),
    )
    op.create_table(
        "node_certificates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), nullable=False, index=True),
        sa.Column("serial", sa.String(40), nullable=False, unique=True),
        sa.Column("hub_key", sa.String(56), nullable=False, index=True),
        sa.Column("begins_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_utc", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_node_certificates_ends", "node_certificates", ["ends_utc", "id"])


def downgrade() -> None:
    op.drop_table("node_certificates")
    op.drop_table("join_tokens")
    with op.batch_alter_table("nodes") as table:
        for column in _OF_NODES:
            table.drop_column(column)
