"""How often the pages of one session may connect and offer, and which of them ends."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from edge.outbound.envelope import OutgoingAlert
from edge.sessions.assignment import CONNECTS, OFFERS, Assignment, Page
from edge.sessions.port import Notice, PageId
from shared.errors import Rejected
from tests.support.orders import start_order


async def _kept(alert: OutgoingAlert) -> None:
    raise AssertionError("there is no alert")


def assignment() -> Assignment:
    return Assignment(start_order(), _kept)


def page(of: Assignment, device: int | None = None) -> Page:
    return Page(PageId(of.id, uuid4()), device)


def test_pages_that_connect_too_often_are_refused_with_the_time_to_wait_and_the_last_one_stays() -> None:
    one = assignment()
    for _ in range(CONNECTS.burst):
        one.sit_down(last := page(one), 0.0)
    with pytest.raises(Rejected) as refused:
        one.sit_down(page(one), 0.1)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 1)
    last.notices.put({"type": "notice"})
    assert asyncio.run(last.notices.get()) == {"type": "notice"}
    one.sit_down(page(one), 1.1)
    assert asyncio.run(last.notices.get()) is None
    replaced = last.replaced
    assert isinstance(replaced, Rejected)
    assert (replaced.status, replaced.code) == (409, "open-elsewhere")
    with pytest.raises(Rejected):
        one.sit_down(page(one), 1.2)


@pytest.mark.parametrize(
    ("device", "moved_to", "ends"),
    [(1, 2, True), (0, 1, True), (2, 2, False), (3, 2, False), (None, 2, False), (1, 1, False)],
)
def test_a_changed_order_ends_the_page_of_a_device_before_its_own(
    device: int | None, moved_to: int, ends: bool
) -> None:
    one = assignment()
    one.sit_down(sitting := page(one, device), 0.0)
    order = one.order.model_copy(update={"device": moved_to})
    assert one.take(order) == (sitting.id if ends else None)
    assert one.order is order
    assert (sitting.replaced.code if sitting.replaced else None) == ("device-moved" if ends else None)
    assert one.take(order) is None  # told again, there is nobody to end
    one.hear(Notice(one.id, {"type": "notice"}))  # and who has gone hears no more


def test_a_change_before_any_page_ends_none() -> None:
    one = assignment()
    assert one.take(one.order.model_copy(update={"device": 4})) is None


def test_offers_are_counted_apart_from_connections() -> None:
    one = assignment()
    for _ in range(OFFERS.burst):
        one.check_offer(0.0)
    with pytest.raises(Rejected) as refused:
        one.check_offer(0.0)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 2)
    one.sit_down(page(one), 0.0)
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
        one.sit_down(page(one), now)
        one.check_offer(now)
