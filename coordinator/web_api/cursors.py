"""Pages of a list: where one ends and the next begins. Pure.

A list is ordered by an instant and an id, so a page stays where it was while rows come in before or after it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Rejected

R = TypeVar("R")

Cursor = tuple[datetime, UUID]
"""The instant that the list is ordered by, of a page's last row, and that row's id."""


class PageParams(BaseModel):
    """Query parameters of a list without filters."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100

    @property
    def after(self) -> Cursor | None:
        """Where the page before ended. Raises `Rejected` (422) for a cursor that is none of ours."""
        return None if self.cursor is None else read_cursor(self.cursor)


def cut(rows: Sequence[R], limit: int, cursor_of: Callable[[R], Cursor]) -> tuple[Sequence[R], Cursor | None]:
    """A page out of up to one row more than it holds, and where the next begins; None on the last one."""
    shown = rows[:limit]
    return shown, cursor_of(shown[-1]) if len(rows) > len(shown) else None


def write_cursor(cursor: Cursor | None) -> str | None:
    """A cursor as text; opaque to callers."""
    if cursor is None:
        return None
    instant, row_id = cursor
    return write_places(instant.isoformat(), str(row_id))


def read_cursor(text: str) -> Cursor:
    """The cursor of such a text. Raises `Rejected` (422) for any other."""
    try:
        instant_text, row_id = read_places(text)
        return read_instant(instant_text), UUID(row_id)
    except (ValueError, OverflowError) as error:
        raise foreign() from error


def write_places(*places: str) -> str:
    """The values of a cursor, none of which holds a bar, as one opaque text."""
    return base64.urlsafe_b64encode("|".join(places).encode()).decode("ascii")


def read_places(text: str) -> list[str]:
    """The values of such a text. Raises `ValueError` for any other."""
    return base64.urlsafe_b64decode(text.encode("ascii")).decode("ascii").split("|")


def read_instant(text: str) -> datetime:
    """A cursor's instant in UTC. Raises `ValueError`, or `OverflowError` outside the calendar."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("without a zone")
    return instant.astimezone(UTC)


def foreign() -> Rejected:
    """The refusal (422) of a cursor that is none of ours."""
    return Rejected(
        "query.cursor is none of ours; begin again without it",
        code="invalid-request",
        status=422,
        errors=[{"path": "query.cursor", "message": "is not a cursor of this API"}],
    )
