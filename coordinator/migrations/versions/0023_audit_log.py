"""The audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_LIVING = sa.text("destroyed_utc IS NULL")
_UNNUMBERED = sa.text("number IS NULL")


def upgrade() -> None:
    _keys()
    _entries()
    _chain()


def downgrade() -> None:
    for table in ("audit_checkpoints", "audit_heads", "audit_entries", "audit_keys"):
        op.drop_table(table)


def _keys() -> None:
    op.create_table(
        "audit_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("created_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_utc", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "uq_audit_keys_living",
        "audit_keys",
        ["tenant_id", "year"],
        unique=True,
        sqlite_where=_LIVING,
        postgresql_where=_LIVING,
    )


def _entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("at_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("actor_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("audit_keys.id"), nullable=True),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=True),
    )
    op.create_index("uq_audit_entries_number", "audit_entries", ["tenant_id", "number"], unique=True)
    op.create_index("ix_audit_entries_candidate", "audit_entries", ["tenant_id", "candidate_id", "number"])
    op.create_index("ix_audit_entries_session", "audit_entries", ["tenant_id", "session_id", "number"])
    op.create_index(
        "ix_audit_entries_unnumbered",
        "audit_entries",
        ["tenant_id"],
        sqlite_where=_UNNUMBERED,
        postgresql_where=_UNNUMBERED,
    )


def _chain() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("at_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(128), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )
