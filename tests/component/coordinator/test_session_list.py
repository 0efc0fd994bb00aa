"""The wall of sessions: worst first, narrowed, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.types import EventType
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found
from tests.support.reviewers import Reviewers


async def listed(site: Site, **params: Any) -> list[dict[str, Any]]:
    response = await site.get("/sessions", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["session_id"] for item in items]


async def three_sessions(site: Site) -> list[dict[str, Any]]:
    """A quiet one, one with a grave and a mild incident, one with a mild one; the grave one's incidents."""
    await site.started("QUIET", "CAND-1")
    grave = await found(
        site, (EventType.FACE_MISMATCH, 1.0), (EventType.GAZE_OFF_SCREEN, 90.0), session="GRAVE"
    )
    await found(site, (EventType.GAZE_OFF_SCREEN, 1.0), session="MILD")
    return grave


def test_the_worst_stand_first_until_somebody_explains_them(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        grave = await three_sessions(site)
        worst = await listed(site)
        assert names(worst) == ["GRAVE", "MILD", "QUIET"]
        by_name = {item["session_id"]: item for item in worst}
        assert (by_name["GRAVE"]["open_incidents"], by_name["GRAVE"]["incident_count"]) == (2, 2)
        assert (by_name["QUIET"]["worst_severity"], by_name["QUIET"]["open_incidents"]) == (0.0, 0)
        assert by_name["GRAVE"]["worst_severity"] == grave[0]["severity"] > by_name["MILD"]["worst_severity"]
        assert names(await listed(site, min_severity=grave[0]["severity"])) == ["GRAVE"]
        assert names(await listed(site, begins_with="GR")) == ["GRAVE"]
        assert names(await listed(site, begins_with="G_")) == []
        assert names(await listed(site, begins_with="gr")) == [], "of either database"

        people, paths = Reviewers(site), [f"/incidents/{one['incident_id']}" for one in grave]
        for who in ("ann", "bob"):
            assert (await people.do(who, f"{paths[1]}/confirm")).status_code == 200
        confirmed = (await listed(site))[0]
        assert (confirmed["open_incidents"], confirmed["incident_count"]) == (1, 2)
        for path in paths[:1]:
            assert (await people.do("ann", f"{path}/dismiss", {"reason": "harmless"})).status_code == 200
        explained = await listed(site)
        assert names(explained) == ["MILD", "GRAVE", "QUIET"]  # of equals the newest first
        assert (explained[1]["open_incidents"], explained[1]["incident_count"]) == (0, 1)

    on_site(test)


def test_the_list_is_narrowed_by_exam_candidate_and_state(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("RUNS", "CAND-1")
        await site.started("OVER", "CAND-2", exam_id="EXAM-2")
        await site.started("LATE", "CAND-3", metadata={"exam_duration_minutes": 1})
        await site.post("/session/OVER/end")
        assert names(await listed(site, exam_id="EXAM-2")) == ["OVER"]
        assert names(await listed(site, candidate_id="CAND-3")) == ["LATE"]
        assert names(await listed(site, candidate_id="CAND-3", exam_id="EXAM-2")) == []
        site.at(datetime.now(UTC) + timedelta(minutes=2))
        assert names(await listed(site, state="active")) == ["RUNS"]
        assert names(await listed(site, state="ended")) == ["OVER"]
        assert names(await listed(site, state="expired")) == ["LATE"]
        assert set(names(await listed(site, state=["ended", "expired"]))) == {"OVER", "LATE"}
        [late] = await listed(site, state="expired")
        assert late["status"] == "expired"

    on_site(test)


def test_pages_hold_every_session_once_in_the_order_of_the_whole(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await three_sessions(site)
        whole = names(await listed(site))
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await site.get("/sessions", params={"limit": 1, **cursor})).json()
            seen += names(page["items"])
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == whole
        for text in ("x", "MS4wfHg=", "bmFufDIwMjYtMTEtMjJ8MQ=="):
            assert (await site.get("/sessions", params={"cursor": text})).status_code == 422

    on_site(test)


def test_candidates_and_other_institutions_see_none_of_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("MINE", "CAND-1")
        mine = site.bearer(Role.CANDIDATE, "CAND-1")
        assert (await site.get("/sessions", headers=mine)).status_code == 403
        dpo = site.bearer(Role.DPO)
        assert (await site.get("/sessions", headers=dpo)).status_code == 403
        assert names(await listed(site)) == ["MINE"]

    on_site(test)
