from datetime import UTC, datetime, timedelta

from edge.outbound.skew import HEARD, ClockSkew

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def noted(*differences_s: float) -> float:
    skew = ClockSkew()
    for difference_s in differences_s:
        skew.note(NOW + timedelta(seconds=difference_s), NOW)
    return skew.seconds


def test_nothing_is_known_before_the_first_message() -> None:
    assert noted() == 0.0


def test_a_message_that_came_late_or_again_does_not_make_a_clock_wrong() -> None:
    assert noted(-3_600.0, -0.02, -40.0) == -0.02


def test_a_clock_that_is_wrong_is_found_once_the_right_times_are_forgotten() -> None:
    assert noted(0.0, *[90.0] * (HEARD - 1)) == 0.0
    assert noted(0.0, *[90.0] * HEARD) == 90.0
