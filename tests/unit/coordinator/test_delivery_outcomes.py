from datetime import UTC, datetime

import pytest

from coordinator.deliveries.outcomes import Ending, outcome_of, wait_of

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    assert outcome_of(status, "60", NOW).ending is Ending.DELIVERED


@pytest.mark.parametrize(
    "status", [101, 301, 302, 303, 307, 308, 401, 403, 404, 408, 410, 425, 429, 500, 503]
)
def test_what_says_something_about_the_destination_is_its_trouble(status: int) -> None:
    outcome = outcome_of(status, None, NOW)
    assert (outcome.ending, outcome.reason) == (Ending.TROUBLE, f"status-{status}")


@pytest.mark.parametrize("status", [400, 406, 409, 413, 415, 422, 451])
def test_what_says_something_about_the_message_refuses_it(status: int) -> None:
    assert outcome_of(status, None, NOW).ending is Ending.REFUSED


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Mon, 30 Nov", None),
        ("Mon, 30 Nov 99999999999 08:00:00 GMT", None),
        ("Mon, 30 Nov 2026 08:00:00 +99999999999999999", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 40, 86_400.0),
        ("Mon, 30 Nov 2026 09:02:00 GMT", 120.0),
        ("Mon, 30 Nov 2026 08:00:00 GMT", 0.0),
        ("Mon, 30 Nov 2099 08:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_is_seconds_or_an_instant_and_at_most_a_day(
    header: str | None, seconds: float | None
) -> None:
    assert wait_of(header, NOW) == seconds
    assert outcome_of(429, header, NOW).retry_after_s == seconds
