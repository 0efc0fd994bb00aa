"""A node's wrong clock and its missing reports stand on its sessions: told once, cleared when over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.service import LaneKey
from coordinator.sessions.trouble.telling import Troubles
from coordinator.sessions.trouble.wrong import GAP_AFTER
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import OutboxState
from tests.support.exam_site import OnSite, Site

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

LATER = GAP_AFTER + timedelta(seconds=1)


async def _told(site: Site, event: EventType, session: str = "SESS-1") -> Sequence[dict[str, Any]]:
    items = (await site.get(f"/session/{session}/timeline")).json()["items"]
    return [one for one in items if one["event_type"] == event]


async def _came(site: Site, *sequences: int) -> None:
    """Reports of the node are committed."""
    key = LaneKey(site.node.node_id, site.node.outbox_id, Lane.CONDUCT)

    def commit(db: Session) -> None:
        nodes.committed(db, key, sequences, datetime.now(UTC))

    await site.parts.writing(commit)


def test_a_wrong_clock_is_told_once_and_over_when_it_is_right_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        troubles = Troubles()
        await troubles.round(site.parts)
        assert await _told(site, EventType.CLOCK_SKEW) == []
        site.node.clock_ahead_s = 40.0
        await site.node.beat()
        for _ in range(3):
            await troubles.round(site.parts)
        await Troubles().round(site.parts)  # another replica, or this one started again
        [said] = await _told(site, EventType.CLOCK_SKEW)
        assert (said["severity_score"], said["event_class"], said["cleared"]) == (0.0, "technical", None)
        assert 39 < said["evidence"]["skew_seconds"] < 41
        site.parts.fleet._states.clear()  # else its next word seems an old one played again
        site.node.clock_ahead_s = 20.0
        await site.node.beat()
        await troubles.round(site.parts)
        assert (await _told(site, EventType.CLOCK_SKEW))[0]["cleared"] is None  # it wavers
        site.parts.fleet._states.clear()
        site.node.clock_ahead_s = 0.0
        await site.node.beat()
        await Troubles().round(site.parts)
        [over] = await _told(site, EventType.CLOCK_SKEW)
        assert over["event_id"] == said["event_id"]
        assert over["cleared"] is not None

    on_site(test)


def test_a_second_wrong_clock_is_told_again_and_ends_with_the_session(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        troubles = Troubles()
        for ahead_s in (40.0, 0.0, -40.0):
            site.parts.fleet._states.clear()
            site.node.clock_ahead_s = ahead_s
            await site.node.beat()
            await troubles.round(site.parts)
        first, second = await _told(site, EventType.CLOCK_SKEW)
        assert (first["cleared"] is None, second["cleared"] is None) == (False, True)
        await site.post("/session/SESS-1/end")
        await troubles.round(site.parts)
        assert (await _told(site, EventType.CLOCK_SKEW))[1]["cleared"] is not None

    on_sqlite(test)


def test_reports_that_stay_away_are_told_once_and_over_when_they_came(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        troubles, began = Troubles(), datetime.now(UTC)
        await _came(site, 1, 4, 6)
        await troubles.round(site.parts, began)
        assert await _told(site, EventType.ALERT_GAP) == []
        for _ in range(2):
            await troubles.round(site.parts, began + LATER)
        [said] = await _told(site, EventType.ALERT_GAP)
        assert (said["evidence"], said["cleared"]) == ({"missing": 3, "lost": False}, None)
        await _came(site, 2, 3, 5)
        await troubles.round(site.parts, began + 2 * LATER)
        [over] = await _told(site, EventType.ALERT_GAP)
        assert over["cleared"] is not None

    on_site(test)


def test_reports_that_a_node_gave_up_are_told_to_the_sessions_of_that_time(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await _came(site, 1)
        await site.started("SESS-1")
        await site.started("SESS-2", "CAND-2")
        await site.post("/session/SESS-2/end")
        state = OutboxState(
            outbox_id=site.node.outbox_id,
            lane=Lane.CONDUCT,
            last_sequence=5,
            waiting=1,
            dropped=2,
            first_waiting=5,
        )
        site.node.outbox = (state,)
        await site.node.beat()
        site.parts.fleet = Fleet()  # another coordinator leads, which has not heard that heartbeat
        for _ in range(2):
            await Troubles().round(site.parts)
        for session in ("SESS-1", "SESS-2"):
            [said] = await _told(site, EventType.ALERT_GAP, session)
            assert said["evidence"] == {"missing": 3, "lost": True}
            assert said["cleared"] is not None

    on_site(test)


def test_an_exam_that_has_the_event_off_is_told_nothing(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        policy = {"rules": {"CLOCK_SKEW": {"enabled": False}}}
        made = await site.post("/exams", {"exam_id": "EXAM-1", "title": "One", "policy": policy})
        assert made.status_code == 201, made.text
        await site.started()
        site.node.clock_ahead_s = 40.0
        await site.node.beat()
        await Troubles().round(site.parts)
        assert await _told(site, EventType.CLOCK_SKEW) == []

    on_sqlite(test)
