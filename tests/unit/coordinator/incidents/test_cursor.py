"""Cursors of the review queue."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest

from coordinator.incidents.cursor import QueueCursor
from coordinator.web_api.cursors import read_cursor, write_cursor
from shared.errors import Rejected

ID = UUID(int=7)


def test_a_cursor_comes_back_as_it_was() -> None:
    cursor = QueueCursor(10_300, datetime(2026, 11, 22, 14, 0, 0, 123_456, tzinfo=UTC), ID)
    text = write_cursor(cursor)
    assert text is not None
    assert read_cursor(text, QueueCursor) == cursor


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "1|2026-11-22T14:00:00+00:00",
        f"x|2026-11-22T14:00:00+00:00|{ID}",
        f"-1|2026-11-22T14:00:00+00:00|{ID}",
        f"{2**31}|2026-11-22T14:00:00+00:00|{ID}",
        f"1|2026-11-22T14:00:00|{ID}",
        f"1|0001-01-01T00:00:00+14:00|{ID}",
        f"1|9999-12-31T23:59:59-14:00|{ID}",
        f"{'9' * 5_000}|2026-11-22T14:00:00+00:00|{ID}",
    ],
)
def test_any_other_text_is_refused_by_its_path(inside: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_cursor(base64.urlsafe_b64encode(inside.encode()).decode(), QueueCursor)
    assert (caught.value.status, caught.value.errors[0]["path"]) == (422, "query.cursor")


@pytest.mark.parametrize("text", ["\u00e4", "%", "a"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        read_cursor(text, QueueCursor)
