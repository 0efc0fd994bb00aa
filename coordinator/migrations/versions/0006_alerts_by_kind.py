"""Alerts of one kind or class in the order of their arrival: a rare kind is found without reading all."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_kind", "alerts", ["tenant_id", "event_type", "received_utc", "id"])
    op.create_index("ix_alerts_class", "alerts", ["tenant_id", "event_class", "received_utc", "id"])


def downgrade() -> None:
    op.drop_index("ix_alerts_class", "alerts")
    op.drop_index("ix_alerts_kind", "alerts")
