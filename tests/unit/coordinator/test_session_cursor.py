"""The cursor of the wall of sessions."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from coordinator.sessions.listing.cursor import SessionCursor
from coordinator.web_api.cursors import read_cursor, write_cursor
from shared.errors import Rejected

AT = datetime(2026, 11, 22, 14, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("worst", [0.0, 0.1 + 0.2, 2 / 3, 1.0])
def test_a_cursor_comes_back_to_the_last_bit(worst: float) -> None:
    cursor = SessionCursor(worst, AT, uuid4())
    text = write_cursor(cursor)
    assert text is not None
    assert read_cursor(text, SessionCursor) == cursor


@pytest.mark.parametrize("worst", ["nan", "inf", "-0.1", "1.1", "x", ""])
def test_a_severity_that_cannot_be_is_refused(worst: str) -> None:
    with pytest.raises(Rejected, match="cursor"):
        read_cursor(write_cursor((worst, AT, uuid4())), SessionCursor)
