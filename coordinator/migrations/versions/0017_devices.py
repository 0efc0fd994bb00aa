"""Links that work until their session ends, and the devices that sessions are bound to."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_SESSIONS = sa.table(
    "sessions",
    sa.column("id", sa.Uuid()),
    sa.column("started_utc", _INSTANT),
    sa.column("begins_utc", _INSTANT),
)
_CODES = sa.table(
    "join_codes",
    sa.column("session_id", sa.Uuid()),
    sa.column("expires_utc", _INSTANT),
)
_VALID_FOR = timedelta(minutes=15)
"""A code was valid for so long from the exam's beginning."""


def upgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("begins_utc", _INSTANT, nullable=True))
        table.add_column(sa.Column("device", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE sessions SET begins_utc = started_utc")
    codes = sa.select(_SESSIONS.c.id, _SESSIONS.c.started_utc, sa.func.min(_CODES.c.expires_utc))
    joined = codes.join_from(_SESSIONS, _CODES, _SESSIONS.c.id == _CODES.c.session_id)
    for session_id, started_utc, expires_utc in (
        op.get_bind().execute(joined.group_by(_SESSIONS.c.id, _SESSIONS.c.started_utc)).all()
    ):
        if expires_utc - _VALID_FOR > started_utc:
            begins = sa.update(_SESSIONS).where(_SESSIONS.c.id == session_id)
            op.execute(begins.values(begins_utc=expires_utc - _VALID_FOR))
    with op.batch_alter_table("sessions") as table:
        table.alter_column("begins_utc", existing_type=_INSTANT, nullable=False)
    with op.batch_alter_table("join_codes") as table:
        table.add_column(sa.Column("replaced_utc", _INSTANT, nullable=True))
        table.drop_column("used_utc")
        table.drop_column("expires_utc")
    op.create_table(
        "session_devices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("challenge", sa.String(200), nullable=False),
        sa.Column("asked_utc", _INSTANT, nullable=True),
        sa.Column("bound_utc", _INSTANT, nullable=True),
        sa.Column("ended_utc", _INSTANT, nullable=True),
        sa.Column("approved_by", sa.String(200), nullable=True),
        sa.UniqueConstraint("session_id", "key", name="uq_session_devices_session_id_key"),
        sa.UniqueConstraint("session_id", "number", name="uq_session_devices_session_id_number"),
    )


def downgrade() -> None:
    """Links have again fifteen minutes from the beginning of their exam; replaced ones are used up."""
    op.drop_table("session_devices")
    with op.batch_alter_table("join_codes") as table:
        table.add_column(sa.Column("used_utc", _INSTANT, nullable=True))
        table.add_column(sa.Column("expires_utc", _INSTANT, nullable=True))
    op.execute("UPDATE join_codes SET used_utc = replaced_utc")
    begun = sa.select(_SESSIONS.c.id, _SESSIONS.c.begins_utc)
    for session_id, begins_utc in op.get_bind().execute(begun).all():
        wanted = _CODES.c.session_id == session_id
        op.execute(sa.update(_CODES).where(wanted).values(expires_utc=begins_utc + _VALID_FOR))
    with op.batch_alter_table("join_codes") as table:
        table.alter_column("expires_utc", existing_type=_INSTANT, nullable=False)
        table.drop_column("replaced_utc")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("begins_utc")
        table.drop_column("device")
