"""Destinations whose program calls and follows: its certificates, and the places of what it is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("destinations", sa.Column("placed", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("place", sa.BigInteger(), nullable=True))
    op.create_index("ix_deliveries_place", "deliveries", ["destination_id", "place"])
    op.create_table(
        "destination_certificates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("destination_id", sa.Uuid(), sa.ForeignKey("destinations.id"), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_utc", _INSTANT, nullable=False),
        sa.Column("ends_utc", _INSTANT, nullable=True),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_index(
        "ix_destination_certificates_destination_id", "destination_certificates", ["destination_id"]
    )


def downgrade() -> None:
    op.drop_table("destination_certificates")
    op.drop_index("ix_deliveries_place", "deliveries")
    op.drop_column("deliveries", "place")
    op.drop_column("destinations", "placed")
