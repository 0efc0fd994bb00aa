"""Why a candidate's page could not turn on its camera."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("camera_trouble", sa.String(20), nullable=True))
    op.add_column("sessions", sa.Column("camera_trouble_utc", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "camera_trouble_utc")
    op.drop_column("sessions", "camera_trouble")
