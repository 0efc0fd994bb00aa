"""Pages and the cursors between them."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from coordinator.web_api.cursors import Cursor, cut, read_cursor, write_cursor
from shared.errors import Rejected

AT = datetime(2026, 11, 22, 14, 0, 0, 123456, tzinfo=UTC)


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = (AT, uuid4())
    text = write_cursor(cursor)
    assert text is not None
    assert read_cursor(text) == cursor


def test_the_last_page_has_no_next() -> None:
    rows = [(AT, UUID(int=n)) for n in range(3)]

    def itself(row: Cursor) -> Cursor:
        return row

    assert cut(rows, 3, itself) == (rows, None)
    assert cut(rows, 2, itself) == (rows[:2], rows[1])
    assert cut([], 2, itself) == ([], None)
    assert write_cursor(None) is None


@pytest.mark.parametrize("text", ["", "ä", "AAAA", "MjAyNi0xMS0yMlQxNDowMDowMHwx", "MjAyNi0xMS0yMg=="])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="cursor") as refused:
        read_cursor(text)
    assert refused.value.status == 422


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_instant_outside_the_calendar_is_refused_before_the_database_fails_at_it(instant: str) -> None:
    text = base64.urlsafe_b64encode(f"{instant}|{UUID(int=1)}".encode()).decode("ascii")
    with pytest.raises(Rejected, match="cursor"):
        read_cursor(text)
