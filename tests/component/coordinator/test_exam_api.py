"""Exams and their policies over REST, and what they do to a session's start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from coordinator.exams.tables import Exam
from coordinator.sessions.service import find
from coordinator.sessions.starting.again import resume
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from tests.support.devices import Device
from tests.support.exam_site import OnSite, Site
from tests.support.exams import EXAM, made, put


def test_an_exam_is_made_changed_and_found(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        exam = await made(site, opens_at="2026-12-01T08:00:00Z", closes_at="2026-12-01T12:00:00+01:00")
        assert (exam["policy_version"], exam["closes_at"]) == (1, "2026-12-01T11:00:00.000Z")
        assert (await site.get("/exams/EXAM-1")).json() == exam
        changed = await put(site, "/exams/EXAM-1", {"title": "CS 101 again"})
        assert (changed["title"], changed["opens_at"], changed["metadata"]) == ("CS 101 again", None, {})
        again = await site.post("/exams", EXAM)
        assert (again.status_code, again.json()["code"]) == (409, "exam-exists")
        await made(site, exam_id="EXAM-2", opens_at="2026-12-02T08:00:00Z")
        open_then = await site.get("/exams", params={"open_at": "2026-12-01T09:00:00Z"})
        assert [item["exam_id"] for item in open_then.json()["items"]] == ["EXAM-1"]

    on_site(test)


def test_exams_come_page_by_page_the_newest_first(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in range(5):
            await made(site, exam_id=f"EXAM-{number}")
        found, cursor = [], None
        for _ in range(3):
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await site.get("/exams", params=params)).json()
            found += [item["exam_id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == [f"EXAM-{number}" for number in (4, 3, 2, 1, 0)]
        assert cursor is None

    on_site(test)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"exam_id": "a/b"}, "body.exam_id"),
        ({"title": "a\x00b"}, "body.title"),
        ({"metadata": {"deep": [{"a": "b\x00"}]}}, "body.metadata"),
        ({"closes_at": "2026-12-01T08:00:00Z", "opens_at": "2026-12-01T09:00:00Z"}, "body"),
        ({"surprise": 1}, "body.surprise"),
        ({"policy": {"mismatch_chekcs": 2}}, "mismatch_chekcs"),
        ({"policy": {"rules": {"STRESS": {}}}}, "rules.STRESS"),
        ({"policy": {"candidate": {}}}, "candidate"),
    ],
)
def test_a_wrong_exam_is_refused_by_its_field_and_not_made(
    on_sqlite: OnSite, changes: dict[str, Any], path: str
) -> None:
    async def test(site: Site) -> None:
        refused = await site.post("/exams", EXAM | changes)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["path"].startswith(path)
        assert await site.parts.reading(lambda db: db.exec(select(Exam)).all()) == []

    on_sqlite(test)


def test_a_policy_counts_its_versions_and_says_who_changed_what_and_why(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        change = {
            "policy": EXAM["policy"] | {"version": 99, "mismatch_checks": 9},
            "reason": "too many alerts",
        }
        second = await site.post("/exams/EXAM-1/policies", change, headers=site.bearer(subject="alice"))
        assert second.status_code == 201, second.text
        assert (second.json()["version"], second.json()["policy"]["version"]) == (2, 2)
        late = await site.post("/exams/EXAM-1/policies", change | {"based_on": 1})
        assert (late.status_code, late.json()["code"]) == (409, "policy-changed")
        assert (await site.get("/exams/EXAM-1/policy")).json() == second.json()
        listed = (await site.get("/exams/EXAM-1/policies")).json()["items"]
        assert [(row["version"], row["changed_by"], row["reason"]) for row in listed] == [
            (2, "alice", "too many alerts"),
            (1, "someone", "made with the exam"),
        ]
        diff = (await site.get("/exams/EXAM-1/policy-diff", params={"before": 1, "after": 2})).json()
        assert diff["changes"] == [{"path": "mismatch_checks", "before": 6, "after": 9}]
        assert (await site.get("/exams/EXAM-1/policies/1")).json()["policy"]["mismatch_checks"] == 6
        unknown = await site.get("/exams/EXAM-1/policies/3")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "policy-unknown")
        assert (await site.get(f"/exams/EXAM-1/policies/{2**40}")).status_code == 422

    on_site(test)


def test_a_session_starts_under_the_version_in_force_and_keeps_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-0", "CAND-0")  # nobody has made the exam yet
        await made(site)
        await site.post("/exams/EXAM-1/policies", {"policy": {"mismatch_checks": 9}, "reason": "x"})
        started = await site.started()
        order = site.node.obeyed.newest
        await site.post("/exams/EXAM-1/policies", {"policy": {"mismatch_checks": 12}, "reason": "y"})
        told = [(order.policy.version, order.policy.mismatch_checks) for order in site.node.obeyed.started]
        assert told == [(1, 4), (2, 9)]
        assert (await site.get("/session/SESS-1")).json()["policy_version"] == 2
        code = started["join_url"].partition("#")[2]
        joined = await Device().joined(site, code)
        assert joined["exam_title"] == "Computer Science 101"
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.newest.policy == order.policy

    on_site(test)


def test_no_session_starts_after_the_exams_close_or_outlives_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        now = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
        await made(site, opens_at="2026-12-01T08:00:00Z", closes_at="2026-12-01T11:00:00Z")
        site.at(now)
        assert (await site.started())["session_expires_at"] == "2026-12-01T11:00:00.000Z"
        site.at(now + timedelta(hours=1))
        closed = await site.post("/session/start", {"candidate_id": "CAND-1", "exam_id": "EXAM-1"})
        assert (closed.status_code, closed.json()["code"]) == (409, "exam-closed")

    on_sqlite(test)
