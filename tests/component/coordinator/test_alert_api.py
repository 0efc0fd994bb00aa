"""Alerts, nodes, tokens, health and the description over REST."""

from typing import Any

import pytest

from shared.events.types import EventType
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import AD_HOC, OnSite, Site
from tests.support.findings import alert, until_stored
from tests.support.rights import read_table


async def published(site: Site) -> None:
    """Three alerts and an end of one of them in SESS-1, one in SESS-2, all stored."""
    await site.started("SESS-1", "CAND-1")
    await site.started("SESS-2", "CAND-2")
    first, second = site.node.obeyed.started
    absent = alert(first, site.node, EventType.FACE_NOT_FOUND, 2.0)
    await site.node.publish(alert(first, site.node, EventType.FACE_MISMATCH, 1.0), first)
    await site.node.publish(absent, first)
    await site.node.publish(alert(first, site.node, EventType.CAMERA_BLOCKED, 3.0), first)
    await site.node.publish(alert(second, site.node, EventType.FACE_NOT_FOUND, 1.0), second)
    await site.node.publish(absent.model_copy(update={"cleared": absent.raised, "duration": 7.0}), first, 2)
    await until_stored(site, 5)


def test_alerts_are_found_by_what_is_asked_and_page_by_page(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await published(site)

        async def found(**params: Any) -> list[tuple[str, str]]:
            page = (await site.get("/alerts", params=params)).json()
            return [(item["exam_session_id"], item["event_type"]) for item in page["items"]]

        everything = await found()
        assert len(everything) == 6
        assert await found(exam_session_id="SESS-2") == [
            ("SESS-2", "SESSION_STARTED"),
            ("SESS-2", "FACE_NOT_FOUND"),
        ]
        assert await found(event_type="FACE_MISMATCH") == [("SESS-1", "FACE_MISMATCH")]
        assert await found(event_class="technical") == [("SESS-1", "CAMERA_BLOCKED")]
        assert await found(since="2999-01-01T00:00:00Z") == []
        pages, cursor = [], None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await site.get("/alerts", params=params)).json()
            pages += [(item["exam_session_id"], item["event_type"]) for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert pages == everything

    on_site(test)


def test_a_timeline_holds_each_alert_once_at_its_last_revision(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await published(site)
        answer = (await site.get("/session/SESS-1/timeline")).json()
        by_type = {item["event_type"]: item for item in answer["items"]}
        assert len(answer["items"]) == len(by_type) == 4
        absent = by_type["FACE_NOT_FOUND"]
        assert (absent["duration"], absent["cleared"] is None) == (7.0, False)
        assert absent["evidence"] == {"similarity": 0.123}
        assert absent["metadata"]["node"] == str(site.node.node_id)
        assert answer["session"]["session_id"] == "SESS-1"

    on_site(test)


def test_a_wrong_filter_is_refused_by_its_name(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        bad = {
            "query.event_type": {"event_type": "STRESS"},
            "query.event_class": {"event_class": "mood"},
            "query.since": {"since": "yesterday"},
            "query.limit": {"limit": "100000"},
            "query.cursor": {"cursor": "\u00e4"},
            "query.exam_session_id": {"exam_session_id": "a\x00b"},
            "query.candidate": {"candidate": "CAND-1"},
        }
        for path, params in bad.items():
            response = await site.get("/alerts", params=params)
            assert response.status_code == 422, path
            assert [error["path"] for error in response.json()["errors"]] == [path]
        refused = await site.get("/alerts", headers=site.bearer(Role.CANDIDATE, "CAND-1"))
        assert (refused.status_code, refused.json()["code"]) == (403, "role-forbidden")

    on_sqlite(test)


def test_nodes_are_listed_with_what_they_last_said(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        (node,) = (await site.get("/nodes")).json()
        assert (node["node_id"], node["status"], node["health"]) == (str(site.node.node_id), "online", 10)
        site.parts.fleet.__init__()  # type: ignore[misc]  # as after a restart: nobody has spoken yet
        (node,) = (await site.get("/nodes")).json()
        assert (node["status"], node["health"]) == ("missing", None)

    on_sqlite(test)


def test_an_administrator_makes_tokens_for_its_own_institution(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        asked = {"subject": "CAND-1", "role": "candidate", "lifetime_minutes": 5}
        made = await site.post("/tokens", asked)
        assert made.status_code == 201
        bearer = {"Authorization": f"Bearer {made.json()['token']}"}
        assert (await site.get("/session/SESS-1", headers=bearer)).status_code == 200
        assert (await site.post("/tokens", asked, headers=bearer)).json()["code"] == "role-forbidden"
        for wrong in ({"role": "god"}, {"lifetime_minutes": 10**9}, {"subject": ""}):
            assert (await site.post("/tokens", asked | wrong)).status_code == 422

    on_sqlite(test)


def test_health_and_metrics_on_the_status_port_need_no_token_and_name_nobody(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-SECRET", "CAND-SECRET")
        await site.get("/session/SESS-SECRET")
        assert (await site.status.get("/healthz")).json() == {"status": "ok"}
        ready = await site.status.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (200, [])
        text = (await site.status.get("/metrics")).text
        assert 'operation="get_session",status="200"' in text
        assert "SECRET" not in text

    on_sqlite(test)


def test_the_public_port_tells_strangers_only_whether_all_is_well(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.http.get("/healthz")).json() == {"status": "ok"}
        assert (await site.http.get("/readyz")).json() == {"status": "ready"}
        assert (await site.http.get("/metrics")).status_code == 401
        for role, status in (
            (Role.CANDIDATE, 403),
            (Role.PROCTOR, 403),
            (Role.ADMIN, 403),
            (Role.OPERATOR, 200),
        ):
            answer = await site.http.get("/metrics", headers=site.bearer(role, "CAND-1"))
            assert answer.status_code == status, role
        assert (await site.status.get("/api/v1/nodes")).status_code == 404

    on_sqlite(test)


def test_an_absent_hub_makes_the_coordinator_unready_and_says_so(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        site.stop_hub()
        await until(lambda: not site.parts.hub.connected, "the hub is missed")
        ready = await site.status.get("/readyz")
        assert ready.status_code == 503
        assert "the hub cannot be reached" in ready.json()["reasons"][0]
        public = await site.http.get("/readyz")
        assert (public.status_code, public.json()) == (503, {"status": "unready"})
        assert (await site.http.get("/healthz")).status_code == 200
        response = await site.post("/session/start", AD_HOC)
        assert (response.status_code, response.json()["code"]) == (503, "node-away")

    on_sqlite(test)


def test_unknown_paths_and_methods_are_problems_too(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for response, status, code in (
            (await site.get("/emotions"), 404, "not-found"),
            (await site.http.put("/api/v1/enroll"), 405, "method-not-allowed"),
            (await site.http.get("/join/../../etc/passwd"), 404, "not-found"),
            (await site.get("/session/a%00b"), 422, "invalid-request"),
        ):
            assert (response.status_code, response.json()["code"]) == (status, code)
            assert response.headers["content-type"] == "application/problem+json"
            assert response.headers["x-content-type-options"] == "nosniff"

    on_sqlite(test)


def test_a_refused_method_is_told_every_method_of_its_path(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for path, methods in (
            ("/api/v1/exams", "GET, POST"),
            ("/api/v1/exams/EXAM-1/accommodations/CAND-1", "DELETE, GET, PUT"),
            ("/api/v1/enroll", "POST"),
            ("/healthz", "GET"),
        ):
            refused = await site.http.request("PATCH", path)
            assert (refused.status_code, refused.headers["allow"]) == (405, methods)

    on_sqlite(test)


def test_the_candidates_page_comes_with_a_strict_policy(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        page = await site.http.get("/join")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "ws://127.0.0.1:8100" in policy  # the node's signaling
        assert "unsafe" not in policy
        for name in ("main.js", "candidate.css"):
            assert (await site.http.get(f"/join/{name}")).status_code == 200
        script = await site.http.get("/join/main.js")
        assert script.headers["content-type"].startswith("text/javascript")

    on_sqlite(test)


def test_the_description_declares_every_refusal_and_keeps_its_names(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        described = (await site.http.get("/api/v1/openapi.json")).json()
        assert described["openapi"].startswith("3.1")
        names = set()
        for path, operations in described["paths"].items():
            for operation in operations.values():
                names.add(operation["operationId"])
                if path.startswith("/api/v1"):
                    refusals = {s: r for s, r in operation["responses"].items() if s >= "400"}
                    assert {"400", "413", "422", "503"} <= set(refusals), path
                    for refusal in refusals.values():
                        assert list(refusal["content"]) == ["application/problem+json"], path
        assert names == {right.operation for right in read_table()} - {"live_socket", "wall_socket"}
        for schema in ("EnrollRequest", "SessionStartRequest", "VerifyFrameRequest"):
            assert described["components"]["schemas"][schema]["examples"], schema

    on_sqlite(test)


def test_whoever_asks_too_often_is_told_when_to_come_back(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        site.stop_clock(monkeypatch)
        await site.started()
        answers = [await site.post("/session/SESS-1/verify-frame") for _ in range(12)]
        assert [answer.status_code for answer in answers[:10]] == [410] * 10
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1

    on_sqlite(test)


def test_a_loop_of_one_candidate_is_stopped_and_nobody_else(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        site.stop_clock(monkeypatch)
        for number in (1, 2):
            await site.started(f"SESS-{number}", f"CAND-{number}")
        one, other = (site.bearer(Role.CANDIDATE, name) for name in ("CAND-1", "CAND-2"))
        while (last := await site.get("/consents/CAND-1", headers=one)).is_success:
            pass
        assert (last.status_code, last.json()["code"]) == (429, "too-many-requests")
        assert (await site.get("/consents/CAND-2", headers=other)).is_success
        assert (await site.get("/consents/CAND-1")).is_success

    on_sqlite(test)
