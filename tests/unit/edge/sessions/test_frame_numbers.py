from datetime import timedelta

import pytest

from edge.media.clock import SessionClock
from edge.sessions import frame_numbers

FRAME_ID_DIGITS = 12
"""What verify-frame takes."""


@pytest.mark.parametrize("ran_s", [1.0, 600.0, 86_400.0])
def test_after_a_restart_no_number_comes_again(ran_s: float) -> None:
    highest = frame_numbers.first(0.0)
    for _ in range(int(ran_s / 10) or 1):  # a page that connects anew every 10 s at 30 fps
        highest = frame_numbers.after(highest + 300) if ran_s > 10 else highest + int(60 * ran_s)
    assert frame_numbers.first(ran_s) >= highest


def test_numbers_fit_what_is_asked_for_by_number() -> None:
    longest_s = timedelta(days=3).total_seconds()
    assert len(str(frame_numbers.first(longest_s))) <= FRAME_ID_DIGITS


@pytest.mark.parametrize("connected_after_s", [0.0, 90.0])
@pytest.mark.parametrize("reconnected_after_s", [0.0, 30.0])
def test_session_times_and_so_alert_ids_of_two_runs_never_meet(
    connected_after_s: float, reconnected_after_s: float
) -> None:
    started_at, restarted_at = 1_000.0, 1_600.0
    first = SessionClock()
    first.session_s(started_at + connected_after_s)
    last_s = first.session_s(restarted_at)
    second = SessionClock(begins_s=restarted_at - started_at)
    assert second.session_s(restarted_at + reconnected_after_s) >= last_s
