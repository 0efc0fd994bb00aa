"""A coordinator that dies at any statement: the database hears nothing of it from then on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from coordinator.web_api.parts import Parts


class Killed(Exception):
    """The process is gone: nothing it still wanted to do happens."""


@contextmanager
def killed_after(parts: Parts, statements: int) -> Iterator[None]:
    """From the n-th statement on nothing reaches the database any more."""
    count = 0

    def at_statement(*_: object) -> None:
        nonlocal count
        count += 1
        if count > statements:
            raise Killed

    event.listen(parts.database.engine, "before_cursor_execute", at_statement)
    try:
        yield
    finally:
        event.remove(parts.database.engine, "before_cursor_execute", at_statement)
