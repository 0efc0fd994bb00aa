"""How late a card on a wall may be: the sum of the waits between a node and a wall."""

from __future__ import annotations

import pytest

from shared.card_delay import (
    LEAST_LOOK_S,
    LOOKED_EVERY_S,
    NEWS_EVERY_S,
    NOTED_EVERY_S,
    SILENT_S,
)
from shared.messages.heartbeats import MAX_BEATS_PER_S

TRAVEL_S = 0.5
"""Allowed for two messages, two queries and a transaction."""


def behind_node_s(*, same_process: bool) -> float:
    """The longest time from what a node knows to a wall's card. `same_process`: the coordinator that stores
    the news also serves the wall."""
    return NEWS_EVERY_S + NOTED_EVERY_S + (LEAST_LOOK_S if same_process else LOOKED_EVERY_S) + TRAVEL_S


@pytest.mark.parametrize("same_process", [True, False])
def test_a_picture_that_no_longer_comes_is_on_the_wall_within_three_seconds(same_process: bool) -> None:
    assert SILENT_S + behind_node_s(same_process=same_process) <= 3.0
    assert LEAST_LOOK_S < LOOKED_EVERY_S


def test_a_gap_between_two_pictures_of_a_slow_camera_is_no_silence() -> None:
    assert SILENT_S > 1.0


def test_a_node_with_news_all_the_time_is_not_refused_for_it() -> None:
    assert MAX_BEATS_PER_S >= 1 / NEWS_EVERY_S
