"""What is withheld from a session, and consents given on paper."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("withheld", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("consents") as table:
        table.add_column(sa.Column("on_paper", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("consents") as table:
        table.drop_column("on_paper")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("withheld")
