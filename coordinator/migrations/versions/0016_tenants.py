"""Institutions can be disabled, may need no acknowledgement for a purpose, and operators stand above them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INSTALLATION = UUID("00000000-0000-7000-8000-000000000000")
_ROWS = ("kept_answers", "tokens", "token_keys")
"""What operators have."""


def upgrade() -> None:
    with op.batch_alter_table("tenants") as table:
        table.add_column(sa.Column("disabled_utc", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("disabled_by", sa.String(200), nullable=True))
        table.add_column(sa.Column("other_bases", sa.JSON(), nullable=False, server_default="{}"))
    tenants = sa.table(
        "tenants",
        sa.column("id", sa.Uuid()),
        sa.column("name", sa.String()),
        sa.column("created_utc", sa.DateTime(timezone=True)),
    )
    # An institution may have this name already: the name is shown nowhere, so the id serves.
    row = {"id": _INSTALLATION, "name": str(_INSTALLATION), "created_utc": datetime.now(UTC)}
    op.bulk_insert(tenants, [row])


def downgrade() -> None:
    # The program before knows no operators, and no institution that is disabled.
    for name in (*_ROWS, "tenants"):
        column = "id" if name == "tenants" else "tenant_id"
        rows = sa.table(name, sa.column(column, sa.Uuid()))
        op.execute(sa.delete(rows).where(rows.c[column] == _INSTALLATION))
    with op.batch_alter_table("tenants") as table:
        for column in ("other_bases", "disabled_by", "disabled_utc"):
            table.drop_column(column)
