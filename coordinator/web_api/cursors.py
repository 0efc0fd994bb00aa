"""Pages of lists, with cursors between them. Pure.

A list is ordered by the fields of its cursor, the row's id last, so a page does not move when rows are added
before or after it. A cursor is a tuple of declared fields:

    class Cursor(NamedTuple):
        severity: Unit
        at_utc: Utc
        row_id: UUID
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Final, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.errors import Rejected
from shared.fields import Utc

R = TypeVar("R")
C = TypeVar("C", bound=tuple[object, ...])

REFUSAL: Final = "is not a valid cursor; repeat the request without it"


class Cursor(NamedTuple):
    """The last row of a page, in a list ordered by an instant."""

    at_utc: Utc
    row_id: UUID


class PageParams(BaseModel):
    """Query parameters of a list without filters."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100

    @property
    def after(self) -> Cursor | None:
        """The end of the previous page. Raises `Rejected` (422) if the text is not such a cursor."""
        return read_cursor(self.cursor, Cursor)


def cut(rows: Sequence[R], limit: int, cursor_of: Callable[[R], C]) -> tuple[Sequence[R], C | None]:
    """A page from its rows plus at most one more, and the next page's cursor; None on the last page."""
    shown = rows[:limit]
    return shown, cursor_of(shown[-1]) if len(rows) > len(shown) else None


def write_cursor(cursor: tuple[object, ...] | None) -> str | None:
    """Encode a cursor as text, opaque to callers. No value in it may contain `|`."""
    if cursor is None:
        return None
    values = (value.isoformat() if isinstance(value, datetime) else str(value) for value in cursor)
    return base64.urlsafe_b64encode("|".join(values).encode()).decode("ascii")


def read_cursor(text: str | None, kind: type[C]) -> C | None:
    """Decode a cursor and check its fields. Raises `Rejected` (422) for any other text."""
    if text is None:
        return None
    try:
        values = base64.urlsafe_b64decode(text.encode("ascii")).decode("ascii").split("|")
        cursor: C = _reader(kind).validate_python(values)
    except ValueError as error:
        raise Rejected(
            f"query.cursor {REFUSAL}",
            code="invalid-request",
            status=422,
            errors=[{"path": "query.cursor", "message": REFUSAL}],
        ) from error
    return cursor


@cache
def _reader(kind: type[C]) -> TypeAdapter[C]:
    return TypeAdapter(kind)
