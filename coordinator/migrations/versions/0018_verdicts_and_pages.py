"""From when verdicts are in effect, and which findings they are about: until now, all of their incident. What
nodes say of each session's page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

_LATEST = """
    UPDATE incidents SET verdict_id = (
        SELECT review_acts.id FROM review_acts
        WHERE review_acts.incident_id = incidents.id AND review_acts.act IN ('confirm', 'dismiss')
        ORDER BY review_acts.at_utc DESC, review_acts.id DESC LIMIT 1)
    WHERE state NOT IN ('open', 'merged')
"""
_ALL_FINDINGS = """
    INSERT INTO verdict_findings (act_id, alert_id, tenant_id)
    SELECT incidents.verdict_id, incident_alerts.alert_id, incidents.tenant_id
    FROM incidents JOIN incident_alerts ON incident_alerts.incident_id = incidents.id
    WHERE incidents.verdict_id IS NOT NULL
"""


def upgrade() -> None:
    for table, names in (("review_acts", ("effective_utc", "grown_utc")), ("incidents", ("effective_utc",))):
        for name in names:
            op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("incidents", sa.Column("verdict_id", sa.Uuid(), nullable=True))
    op.create_table(
        "verdict_findings",
        sa.Column("act_id", sa.Uuid(), sa.ForeignKey("review_acts.id"), nullable=False),
        sa.Column("alert_id", sa.Uuid(), sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.PrimaryKeyConstraint("act_id", "alert_id"),
    )
    op.add_column("sessions", sa.Column("page", sa.String(40), nullable=True))
    for name in ("page_since_utc", "page_came_utc"):
        op.add_column("sessions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute(_LATEST)
    op.execute(_ALL_FINDINGS)


def downgrade() -> None:
    for name in ("page", "page_since_utc", "page_came_utc"):
        op.drop_column("sessions", name)
    op.drop_table("verdict_findings")
    op.drop_column("incidents", "verdict_id")
    for table, names in (("review_acts", ("effective_utc", "grown_utc")), ("incidents", ("effective_utc",))):
        for name in names:
            op.drop_column(table, name)
