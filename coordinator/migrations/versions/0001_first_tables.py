"""First tables: institutions, candidates, keys, nodes, enrollments, sessions, alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "tenants",
    "candidates",
    "nodes",
    "keys",
    "enrollments",
    "enrollment_pictures",
    "templates",
    "sessions",
    "join_codes",
    "acknowledgements",
    "alerts",
    "refused_alerts",
    "lane_marks",
)
"""In the order of their making."""


def upgrade() -> None:
    _tenants()
    _candidates_and_keys()
    _enrollments()
    _sessions()
    _alerts()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _tenants() -> None:
    tenants = op.create_table(
        "tenants", _id(), sa.Column("name", sa.String(200), nullable=False, unique=True), _time("created_utc")
    )
    default = UUID("00000000-0000-7000-8000-000000000001")
    op.bulk_insert(tenants, [{"id": default, "name": "default", "created_utc": datetime.now(UTC)}])
    op.create_table(
        "nodes",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("region", 200),
        _text("signing_key", 128),
        _time("created_utc"),
        _time("last_seen_utc", nullable=True),
    )


def _candidates_and_keys() -> None:
    op.create_table(
        "candidates",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("reference", 128),
        _time("created_utc"),
        sa.UniqueConstraint("tenant_id", "reference"),
    )
    op.create_table(
        "keys",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates"),
        _text("kind", 40),
        _text("retention_class", 40),
        _text("scope", 128),
        _text("public_key", 128, nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master_version", sa.Integer(), nullable=False),
        _time("created_utc"),
        _time("destroyed_utc", nullable=True),
    )
    op.create_index(
        "uq_keys_living",
        "keys",
        ["tenant_id", "candidate_id", "kind", "retention_class", "scope"],
        unique=True,
        sqlite_where=sa.text("destroyed_utc IS NULL"),
        postgresql_where=sa.text("destroyed_utc IS NULL"),
    )


def _enrollments() -> None:
    op.create_table(
        "enrollments",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates"),
        _text("exam_reference", 128),
        _reference("data_key_id", "keys"),
        _sealed("details_sealed"),
        _time("created_utc"),
    )
    op.create_index("ix_enrollments_newest", "enrollments", ["tenant_id", "candidate_id", "created_utc"])
    op.create_table(
        "enrollment_pictures",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("enrollment_id", "enrollments", index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("selected", sa.Boolean(), nullable=False),
        _sealed("measures_sealed"),
    )
    op.create_table(
        "templates",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("enrollment_id", "enrollments", index=True),
        _text("recogniser", 200),
        _sealed("vector_sealed"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        _id(),
        _reference("tenant_id", "tenants"),
        _text("reference", 128),
        _reference("candidate_id", "candidates"),
        _text("exam_reference", 128),
        _reference("node_id", "nodes"),
        sa.Column("epoch", sa.Integer(), nullable=False),
        _reference("seal_key_id", "keys"),
        _reference("data_key_id", "keys"),
        _reference("enrollment_id", "enrollments", nullable=True),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        _text("signaling_url", 500),
        _text("whip_url", 500),
        _sealed("details_sealed"),
        _time("started_utc"),
        _time("expires_utc"),
        _time("ended_utc", nullable=True),
        sa.UniqueConstraint("tenant_id", "reference"),
    )
    op.create_index("ix_sessions_candidate", "sessions", ["tenant_id", "candidate_id"])
    _join_codes_and_acknowledgements()


def _join_codes_and_acknowledgements() -> None:
    op.create_table(
        "join_codes",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("session_id", "sessions", index=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, unique=True),
        _time("created_utc"),
        _time("expires_utc"),
        _time("used_utc", nullable=True),
    )
    op.create_table(
        "acknowledgements",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("candidate_id", "candidates"),
        _reference("session_id", "sessions", index=True),
        _text("notice_version", 200),
        _text("language", 35),
        sa.Column("purposes", sa.JSON(), nullable=False),
        _time("acknowledged_utc"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        _id(),
        _reference("tenant_id", "tenants"),
        _reference("session_id", "sessions"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _text("event_type", 40),
        _text("event_class", 40),
        sa.Column("severity_score", sa.Float(), nullable=False),
        _time("onset_utc"),
        _time("raised_utc"),
        _time("cleared_utc", nullable=True),
        _reference("node_id", "nodes", nullable=True),
        _reference("data_key_id", "keys"),
        _sealed("body_sealed"),
        _time("received_utc"),
    )
    op.create_index("ix_alerts_timeline", "alerts", ["tenant_id", "session_id", "onset_utc"])
    op.create_index("ix_alerts_received", "alerts", ["tenant_id", "received_utc", "id"])
    op.create_table(
        "refused_alerts",
        *_lane_key(),
        sa.Column("sequence", sa.BigInteger(), primary_key=True),
        _reference("tenant_id", "tenants"),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        _text("reason", 200),
        _time("refused_utc"),
    )
    op.create_table(
        "lane_marks",
        *_lane_key(),
        _reference("tenant_id", "tenants"),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("beyond", sa.JSON(), nullable=False),
        _time("updated_utc"),
    )


def _id() -> sa.Column[UUID]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _lane_key() -> tuple[sa.Column[UUID], sa.Column[UUID], sa.Column[str]]:
    return (
        sa.Column("node_id", sa.Uuid(), sa.ForeignKey("nodes.id"), primary_key=True),
        sa.Column("outbox_id", sa.Uuid(), primary_key=True),
        sa.Column("lane", sa.String(40), primary_key=True),
    )


def _reference(name: str, table: str, *, nullable: bool = False, index: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _sealed(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
