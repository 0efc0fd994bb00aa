"""What a node has left open in a session that is over ends with the session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from coordinator.sessions.moving.late import OVER_FOR, WORDS_OVER
from coordinator.sessions.moving.telling import LeftOpen
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventType
from tests.support.exam_site import OnSite, Site
from tests.support.findings import alert, until_stored

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

SECOND = timedelta(seconds=1)
EVENT = EventType.HEAD_DOWN


async def said(site: Site, reference: str) -> dict[str, Any]:
    items = (await site.get(f"/session/{reference}/timeline")).json()["items"]
    [one] = [item for item in items if item["event_type"] == EVENT]
    return dict(one)


def test_what_is_open_when_a_session_is_over_and_its_node_gone_ends_with_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        told = {}
        for number, reference in enumerate(("ENDED", "EXPIRED", "RUNS"), start=1):
            await site.started(reference, f"CAND-{number}")
            start = site.node.obeyed.newest
            told[reference] = alert(start, site.node, EVENT, 1.0), start
            await site.node.publish(*told[reference])
        await until_stored(site, 3)
        ended_at = (await site.post("/session/ENDED/end")).json()["ended_at"]
        over_utc = datetime.now(UTC)

        def expire(db: Session) -> None:
            db.exec(
                select(ExamSession).where(ExamSession.reference == "EXPIRED")
            ).one().expires_utc = over_utc

        await site.parts.writing(expire)
        left_open = LeftOpen()
        await left_open.round(site.parts, over_utc + OVER_FOR - SECOND)
        assert {(await said(site, one))["cleared"] for one in told} == {None}  # its end may be on its way
        await left_open.round(site.parts, over_utc + OVER_FOR + SECOND)
        assert (await said(site, "ENDED"))["cleared"] is None  # it has looked a moment ago
        for later in (2 * OVER_FOR, 3 * OVER_FOR):
            await left_open.round(site.parts, over_utc + later)
            ended, expired, runs = [await said(site, one) for one in told]
            assert datetime.fromisoformat(ended["cleared"]) == datetime.fromisoformat(ended_at)
            assert abs(datetime.fromisoformat(expired["cleared"]) - over_utc) < SECOND
            assert runs["cleared"] is None
            assert ended["explanation"].count(WORDS_OVER) == 1

        known, start = told["ENDED"]  # the node comes back, and had seen the end
        own_end = known.model_copy(update={"cleared": known.raised + SECOND / 4})
        await site.node.publish(own_end, start, revision=2)
        await until_stored(site, 4)
        assert WORDS_OVER not in (await said(site, "ENDED"))["explanation"]

    on_site(test)
