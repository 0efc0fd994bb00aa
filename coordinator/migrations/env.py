"""Run by Alembic for every command; `coordinator.schema` passes the connection and its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from coordinator.ground.columns import Row, UtcDateTime


def _plain_types(kind: str, value: Any, autogen_context: Any) -> str | Literal[False]:
    """Revisions use only SQLAlchemy's own types, so that they do not change with ours."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, AutoString):
        return f"sa.String(length={value.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
    render_item=_plain_types,
)
with context.begin_transaction():
    context.run_migrations()
