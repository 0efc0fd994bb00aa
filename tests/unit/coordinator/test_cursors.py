"""Pages and the cursors between them."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from coordinator.web_api.cursors import Cursor, cut, read_cursor, write_cursor
from shared.errors import Rejected

AT = datetime(2026, 11, 22, 14, 0, 0, 123456, tzinfo=UTC)


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = Cursor(AT, uuid4())
    text = write_cursor(cursor)
    assert text is not None
    assert read_cursor(text, Cursor) == cursor


def test_the_last_page_has_no_next() -> None:
    rows = [Cursor(AT, UUID(int=n)) for n in range(3)]

    def itself(row: Cursor) -> Cursor:
        return row

    assert cut(rows, 3, itself) == (rows, None)
    assert cut(rows, 2, itself) == (rows[:2], rows[1])
    assert cut([], 2, itself) == ([], None)
    assert (write_cursor(None), read_cursor(None, Cursor)) == (None, None)


def test_the_text_is_the_values_with_bars_between_them() -> None:
    text = write_cursor(Cursor(AT, UUID(int=1)))
    assert text is not None
    assert base64.urlsafe_b64decode(text) == f"2026-11-22T14:00:00.123456+00:00|{UUID(int=1)}".encode()


@pytest.mark.parametrize("text", ["", "ä", "AAAA", "MjAyNi0xMS0yMlQxNDowMDowMHwx", "MjAyNi0xMS0yMg=="])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="is not a valid cursor; repeat the request without it") as refused:
        read_cursor(text, Cursor)
    assert refused.value.status == 422


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_instant_outside_the_calendar_is_refused_before_the_database_fails_at_it(instant: str) -> None:
    text = base64.urlsafe_b64encode(f"{instant}|{UUID(int=1)}".encode()).decode("ascii")
    with pytest.raises(Rejected, match="cursor"):
        read_cursor(text, Cursor)
