"""A node whose clock is wrong: seen, shown, named where it matters, and told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.messages.heartbeats import Marks
from shared.messages.message import parse
from shared.sealing import unpack
from tests.support.exam_site import AD_HOC, OnSite, Site

A_MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize("skew_s", [40.0, -40.0, 3_600.0])
def test_a_session_that_no_node_with_a_right_clock_can_take_is_refused_by_name(
    on_sqlite: OnSite, skew_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(site: Site) -> None:
        site.parts.fleet._states.clear()  # as if it had only just joined
        site.node.clock_ahead_s = skew_s
        marks, began_utc = None, datetime.now(UTC)
        for _ in range(3):
            site.node.clock_ahead_s += 0.001
            reply = await site.node.beat()
            marks = parse(Marks, unpack(reply).header)
        ended_utc = datetime.now(UTC)
        answer = await site.post("/session/start", AD_HOC)
        assert (answer.status_code, answer.json()["code"]) == (503, "clock-skew")
        assert "NTP" in answer.json()["detail"]
        assert site.node.obeyed.started == []
        [node] = (await site.get("/nodes")).json()
        assert node["clock_skew_s"] == pytest.approx(skew_s, abs=1.0)
        assert marks is not None
        assert marks.sent_utc is not None
        assert began_utc - A_MILLISECOND <= marks.sent_utc <= ended_utc  # the wire rounds to milliseconds

    on_sqlite(test)
    assert len([record for record in caplog.records if record.name == "coordinator.nodes.heartbeats"]) == 1


def test_what_a_node_says_of_its_health_and_of_refused_commands_is_shown(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        site.node.reasons, site.node.refused_commands = ("clock-skew",), {"stale": 3}
        await site.node.beat()
        [node] = (await site.get("/nodes")).json()
        assert (node["reasons"], node["refused_commands"]) == (["clock-skew"], {"stale": 3})
        assert abs(node["clock_skew_s"]) < 1

    on_sqlite(test)
