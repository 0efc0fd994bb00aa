"""When a session's state is sent: at once after news, at most once a second, else every five seconds."""

from __future__ import annotations

import pytest

from edge.outbound.state_pace import StatePace


def test_the_first_state_is_due_at_once() -> None:
    assert StatePace().due_at() == float("-inf")


@pytest.mark.parametrize(("news", "due_at"), [(False, 105.0), (True, 101.0)])
def test_the_next_is_due_after_a_second_with_news_and_after_five_without(news: bool, due_at: float) -> None:
    pace = StatePace().sent(100.0)
    assert (pace.reported() if news else pace).due_at() == due_at


def test_news_of_a_state_that_is_on_its_way_is_for_the_next_one() -> None:
    first = StatePace().sent(100.0).reported().sent(101.0)
    assert first.due_at() == 106.0
    assert first.reported().reported().due_at() == 102.0
