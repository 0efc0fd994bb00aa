"""How often the pages of one session may connect and offer, and which of them ends."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from edge.outbound.envelope import OutgoingAlert
from edge.sessions.assignment import CONNECTS, OFFERS, PAGES, Assignment, Page
from edge.sessions.port import Delivers, Moved, Notice, PageId, SessionOver
from shared.errors import Rejected, Unavailable
from tests.support.orders import start_order


async def _kept(alert: OutgoingAlert) -> None:
    raise AssertionError("there is no alert")


def assignment() -> Assignment:
    return Assignment(start_order(), _kept)


def page(of: Assignment, device: int | None = None) -> Page:
    return Page(PageId(of.id, uuid4()), device)


def why(of: Page) -> str | None:
    """The code with which its place was taken."""
    return of.replaced.code if of.replaced is not None else None


def test_pages_that_connect_too_often_are_refused_with_the_time_to_wait_and_the_last_one_stays() -> None:
    one = assignment()
    for _ in range(CONNECTS.burst):
        one.sit_down(last := page(one), 0.0)
    with pytest.raises(Rejected, match="connect too often") as refused:
        one.sit_down(page(one), 0.1)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 1)
    assert refused.value.code == "too-many-requests"
    last.notices.put({"type": "notice"})
    assert asyncio.run(last.notices.get()) == {"type": "notice"}
    one.sit_down(page(one), 1.1)
    assert last.replaced is None
    with pytest.raises(Rejected):
        one.sit_down(page(one), 1.2)


def test_a_page_whose_media_arrive_ends_those_before_it_and_none_after_it() -> None:
    one = assignment()
    pages = [page(one) for _ in range(3)]
    for each in pages:
        one.sit_down(each, 0.0)
    one.hear(Delivers(one.id, pages[1].id.number))
    assert [why(each) for each in pages] == ["open-elsewhere", None, None]
    assert asyncio.run(pages[0].notices.get()) is None
    assert isinstance(pages[0].replaced, Rejected)
    assert pages[0].replaced.status == 409
    one.hear(Delivers(one.id, pages[1].id.number))  # again, after it has connected anew
    one.hear(Delivers(one.id, pages[0].id.number))  # one that has lost its place already
    assert [why(each) for each in pages[1:]] == [None, None]
    one.hear(Delivers(one.id, pages[2].id.number))
    assert why(pages[1]) == "open-elsewhere"


def test_of_too_many_pages_the_one_that_has_waited_longest_ends_and_the_watched_one_stays() -> None:
    one = assignment()
    pages = [page(one) for _ in range(PAGES + 2)]
    for each in pages:
        one.sit_down(each, 0.0)
    assert [why(each) for each in pages] == [None, *["open-elsewhere"] * 2, *[None] * (PAGES - 1)]
    one.hear(Notice(one.id, {"type": "notice"}))
    assert [each.notices.received for each in pages] == [1, 0, 0, *[1] * (PAGES - 1)]
    one.stand_up(pages[0])
    one.stand_up(pages[1])  # it had lost its place
    one.hear(Notice(one.id, {"type": "notice"}))
    assert [each.notices.received for each in pages] == [1, 0, 0, *[2] * (PAGES - 1)]


@pytest.mark.parametrize("told", [Moved, SessionOver])
def test_all_pages_hear_that_they_must_connect_again_or_that_it_is_over(
    told: type[Moved | SessionOver],
) -> None:
    one = assignment()
    pages = [page(one) for _ in range(2)]
    for each in pages:
        one.sit_down(each, 0.0)
    one.hear(told(one.id))
    assert [each.notices.closed for each in pages] == [True, True]
    assert [type(each.replaced) for each in pages] == [Unavailable if told is Moved else type(None)] * 2


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
    assert one.take(order) == ((sitting.id,) if ends else ())
    assert one.order is order
    assert (sitting.replaced.code if sitting.replaced else None) == ("device-moved" if ends else None)
    assert one.take(order) == ()  # told again, there is nobody to end
    one.hear(Notice(one.id, {"type": "notice"}))  # and who has gone hears no more


def test_a_change_before_any_page_ends_none() -> None:
    one = assignment()
    assert one.take(one.order.model_copy(update={"device": 4})) == ()


def test_offers_are_counted_apart_from_connections() -> None:
    one = assignment()
    for _ in range(OFFERS.burst):
        one.check_offer(0.0)
    with pytest.raises(Rejected, match="send too many offers") as refused:
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
