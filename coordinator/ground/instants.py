"""Ids with an instant each, as a table that a statement can join.

They are one or two bound values, so the statement is compiled once, however many they are. The same as
conditions joined by OR would be built, compiled and planned again for every number of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Dialect,
    FromClause,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from coordinator.ground.columns import UtcDateTime

_ID: Final = Uuid()
_INSTANT: Final = UtcDateTime()


def instants_table(db: Session, held: Mapping[UUID, datetime]) -> FromClause:
    """A table of these, with the columns `id` and `at_utc`."""
    dialect = db.get_bind().dialect
    return _json_table(dialect, held) if dialect.name == "sqlite" else _unnested(held)


def _json_table(dialect: Dialect, held: Mapping[UUID, datetime]) -> FromClause:
    id_text, at_text = _as_stored(_ID, dialect), _as_stored(_INSTANT, dialect)
    text = json.dumps([[id_text(one), at_text(at_utc)] for one, at_utc in held.items()])
    each = func.json_each(bindparam(None, text)).table_valued("value")
    return select(
        type_coerce(func.json_extract(each.c.value, "$[0]"), _ID).label("id"),
        type_coerce(func.json_extract(each.c.value, "$[1]"), _INSTANT).label("at_utc"),
    ).subquery()


def _unnested(held: Mapping[UUID, datetime]) -> FromClause:
    columns = (column("id", _ID), column("at_utc", _INSTANT))
    values = ((ARRAY(_ID), list(held)), (ARRAY(_INSTANT), list(held.values())))
    arrays = [cast(bindparam(None, many, type_=kind), kind) for kind, many in values]
    return func.unnest(*arrays).table_valued(*columns).render_derived()


def _as_stored(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect).bind_processor(dialect)
