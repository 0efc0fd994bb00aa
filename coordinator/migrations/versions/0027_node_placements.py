"""Whether nodes get new sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("nodes") as table:
        table.add_column(sa.Column("placement", sa.String(40), nullable=False, server_default="open"))
        table.add_column(sa.Column("placement_utc", _INSTANT, nullable=True))
        table.add_column(sa.Column("placement_reason", sa.String(200), nullable=True))
        table.add_column(sa.Column("drain_deadline_utc", _INSTANT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("nodes") as table:
        for column in ("drain_deadline_utc", "placement_reason", "placement_utc", "placement"):
            table.drop_column(column)
