"""A page whose offer fails gives its place back."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from edge.outbound.envelope import OutgoingAlert
from edge.sessions.answering import Answering
from edge.sessions.assignment import PAGES, Assignment, Page
from edge.sessions.port import PageId
from edge.sessions.seat import CandidateSeat
from shared.errors import Rejected
from tests.support.orders import start_order


async def _kept(alert: OutgoingAlert) -> None:
    raise AssertionError("there is no alert")


class Answers:
    """A worker that refuses an offer with the text `bad`."""

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        if offer_sdp == "bad":
            raise Rejected("not an offer", code="bad-offer")
        return "answer"


def test_offers_that_fail_take_no_place_from_a_page_that_waits_for_its_media() -> None:
    one, worker, answering = Assignment(start_order(), _kept), Answers(), Answering(4)

    def seated() -> CandidateSeat:
        seat: Any = CandidateSeat
        made: CandidateSeat = seat(worker, Page(PageId(one.id, uuid4()), None), one, answering)
        return made

    async def story() -> None:
        async def fails() -> None:
            with pytest.raises(Rejected, match="not an offer"):
                await seated().answer("bad")

        await fails()
        good = seated()
        assert await good.answer("good") == "answer"
        for _ in range(PAGES):
            await fails()
        assert await good.answer("good") == "answer"  # its place was not taken
        with pytest.raises(Rejected, match="not an offer"):
            await good.answer("bad")  # another offer of a page that was answered
        one.ask_pages(8)
        notices = good.notices()
        assert (await anext(notices))["type"] == "rate"

    asyncio.run(story())
