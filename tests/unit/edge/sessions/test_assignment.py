"""How often the pages of one session may connect and offer."""

from __future__ import annotations

import asyncio

import pytest

from edge.outbound.envelope import OutgoingAlert
from edge.sessions.assignment import CONNECTS, OFFERS, Assignment
from shared.errors import Rejected
from tests.support.orders import start_order


async def _kept(alert: OutgoingAlert) -> None:
    raise AssertionError("there is no alert")


def assignment() -> Assignment:
    return Assignment(start_order(), _kept)


def test_pages_that_connect_too_often_are_refused_with_the_time_to_wait_and_the_last_one_stays() -> None:
    one = assignment()
    for _ in range(CONNECTS.burst):
        last = one.sit_down(0.0)
    with pytest.raises(Rejected) as refused:
        one.sit_down(0.1)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 1)
    last.put({"type": "notice"})
    assert asyncio.run(last.get()) == {"type": "notice"}
    one.sit_down(1.1)
    assert asyncio.run(last.get()) is None
    with pytest.raises(Rejected):
        one.sit_down(1.2)


def test_offers_are_counted_apart_from_connections() -> None:
    one = assignment()
    for _ in range(OFFERS.burst):
        one.check_offer(0.0)
    with pytest.raises(Rejected) as refused:
        one.check_offer(0.0)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 2)
    one.sit_down(0.0)
    one.check_offer(2.0)
    with pytest.raises(Rejected):
        one.check_offer(2.0)


@pytest.mark.parametrize("holds_s", [0.0, 10.0])
def test_a_page_that_backs_off_as_ours_does_is_never_refused(holds_s: float) -> None:
    """With the shortest of its random waits; they start anew if a connection lasted for ten seconds."""
    one, now = assignment(), 0.0
    for attempt in range(1_000):
        longer = 0 if holds_s else min(attempt, 10)
        now += min(4.0, 0.5 * 1.5**longer) * 0.5 + holds_s
        one.sit_down(now)
        one.check_offer(now)
