"""Exams, policies, accommodations, consents, token keys and tokens, kept answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "exams",
    "policies",
    "accommodations",
    "consents",
    "token_keys",
    "tokens",
    "kept_answers",
)
"""In the order of their making."""


def upgrade() -> None:
    _exams_and_policies()
    _accommodations_and_consents()
    _tokens()
    _kept_answers()
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(_text("token_kid", 64, nullable=True))
    op.create_index("ix_acknowledgements_candidate", "acknowledgements", ["tenant_id", "candidate_id"])


def downgrade() -> None:
    op.drop_index("ix_acknowledgements_candidate", "acknowledgements")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("token_kid")
    for table in reversed(TABLES):
        op.drop_table(table)


def _exams_and_policies() -> None:
    op.create_table(
        "exams",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("reference", 128),
        _text("title", 200),
        _time("opens_utc", nullable=True),
        _time("closes_utc", nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        _time("created_utc"),
        _time("updated_utc"),
        sa.UniqueConstraint("tenant_id", "reference"),
    )
    op.create_index("ix_exams_newest", "exams", ["tenant_id", "created_utc", "id"])
    op.create_table(
        "policies",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("exam_id", "exams"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        _text("changed_by", 200),
        _text("reason", 2_000),
        _time("created_utc"),
        sa.UniqueConstraint("exam_id", "version"),
    )


def _accommodations_and_consents() -> None:
    op.create_table(
        "accommodations",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("exam_id", "exams"),
        _reference("candidate_id", "candidates"),
        sa.Column("version", sa.Integer(), nullable=False),
        _reference("data_key_id", "keys"),
        sa.Column("terms_sealed", sa.LargeBinary(), nullable=True),
        _text("changed_by", 200),
        _time("created_utc"),
        sa.UniqueConstraint("exam_id", "candidate_id", "version"),
    )
    op.create_table(
        "consents",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates"),
        _text("purpose", 40),
        sa.Column("given", sa.Boolean(), nullable=False),
        _text("text_version", 200),
        _text("language", 35),
        _text("recorded_by", 200),
        _time("created_utc"),
    )
    op.create_index("ix_consents_newest", "consents", ["tenant_id", "candidate_id", "id"])


def _tokens() -> None:
    op.create_table(
        "token_keys",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("kid", 64),
        _text("public_key", 128),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master_version", sa.Integer(), nullable=False),
        _text("created_by", 200),
        _time("created_utc"),
        _time("retired_utc", nullable=True),
        _time("revoked_utc", nullable=True),
        sa.UniqueConstraint("tenant_id", "kid"),
    )
    op.create_table(
        "tokens",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("subject", 200),
        _text("role", 40),
        _text("kid", 64),
        _text("issued_by", 200),
        _time("created_utc"),
        _time("expires_utc"),
        _time("revoked_utc", nullable=True),
        _text("revoked_by", 200, nullable=True),
    )
    op.create_index("ix_tokens_living", "tokens", ["tenant_id", "expires_utc", "id"])


def _kept_answers() -> None:
    op.create_table(
        "kept_answers",
        _id(),
        _reference("tenant_id", "tenants"),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        _text("candidate_reference", 128, nullable=True),
        sa.Column("created_utc", sa.DateTime(timezone=True), nullable=False, index=True),
    )


def _id() -> sa.Column[UUID]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _reference(name: str, table: str) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=False)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
