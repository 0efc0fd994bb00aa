"""What is agreed with one candidate, over REST, and in its sessions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.sessions.service import find
from coordinator.sessions.starting.again import resume
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events.types import EventType
from tests.support.exam_site import OnSite, Site
from tests.support.exams import AGREED, made, put


def test_what_is_agreed_with_a_candidate_holds_in_its_sessions_alone(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site, closes_at="2099-01-01T00:00:00Z")
        agreed = await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        assert (agreed["version"], agreed["extra_minutes"]) == (1, 30)
        metadata = {"exam_duration_minutes": 60}
        mine = await site.started("SESS-1", "CAND-1", metadata=metadata)
        other = await site.started("SESS-2", "CAND-2", metadata=metadata)
        first, second = (order.policy for order in site.node.obeyed.started)
        assert first.rule(EventType.GAZE_OFF_SCREEN).enabled is False
        assert first.rule(EventType.FACE_NOT_FOUND).hold_s == 3 * second.rule(EventType.FACE_NOT_FOUND).hold_s
        assert second.candidate is None
        ends = [datetime.fromisoformat(answer["session_expires_at"]) for answer in (mine, other)]
        assert timedelta(minutes=29) < ends[0] - ends[1] < timedelta(minutes=31)
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.start_of(UUID(mine["session_uuid"])).policy == first

    on_site(test)


def test_what_is_agreed_is_nowhere_in_clear(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        await site.started()
        (session,) = await site.parts.reading(lambda db: db.exec(select(ExamSession)).all())
        (row,) = await site.parts.reading(lambda db: db.exec(select(AccommodationVersion)).all())
        assert session.policy["candidate"] is None
        assert b"GAZE" not in (row.terms_sealed or b"GAZE")
        assert b"GAZE" not in session.details_sealed

    on_sqlite(test)


def test_an_accommodation_of_a_mistyped_candidate_is_refused_and_makes_nobody(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        path = "/exams/EXAM-1/accommodations/CAND-l"
        refused = await put(site, path, {"extra_minutes": 5}, 404)
        assert refused["code"] == "candidate-unknown"
        assert (await site.get("/consents/CAND-l")).json()["code"] == "candidate-unknown"
        await put(site, path, {"extra_minutes": 5, "allow_unregistered": True})
        assert (await put(site, path, {"extra_minutes": 6}))["version"] == 2  # known from then on

    on_site(test)


def test_an_accommodation_is_listed_changed_and_taken_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        for candidate in ("CAND-1", "CAND-2", "CAND-3"):
            await put(site, f"/exams/EXAM-1/accommodations/{candidate}", AGREED)
        changed = await put(site, "/exams/EXAM-1/accommodations/CAND-1", {"extra_minutes": 5})
        assert (changed["version"], changed["accommodation"]["muted"]) == (2, [])
        gone = await site.http.delete("/api/v1/exams/EXAM-1/accommodations/CAND-2", headers=site.bearer())
        assert gone.status_code == 204
        first = (await site.get("/exams/EXAM-1/accommodations", params={"limit": 1})).json()
        rest = (
            await site.get("/exams/EXAM-1/accommodations", params={"cursor": first["next_cursor"]})
        ).json()
        listed = [(row["candidate_id"], row["extra_minutes"]) for row in first["items"] + rest["items"]]
        assert listed == [("CAND-3", 30), ("CAND-1", 5)]
        for candidate in ("CAND-2", "CAND-9"):
            unknown = await site.get(f"/exams/EXAM-1/accommodations/{candidate}")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "accommodation-unknown")

    on_site(test)


@pytest.mark.parametrize(
    ("accommodation", "path"),
    [
        ({"muted": ["CAMERA_BLOCKED"]}, "accommodation"),
        ({"muted": ["STRESS"]}, "muted.0"),
        ({"relaxed": {"FACE_MISMATCH": {"threshold": 0.99}}}, "relaxed.FACE_MISMATCH.threshold"),
        ({"mood": 1}, "mood"),
    ],
)
def test_an_accommodation_that_cannot_be_is_refused_with_its_path(
    on_sqlite: OnSite, accommodation: dict[str, Any], path: str
) -> None:
    async def test(site: Site) -> None:
        await made(site)
        body = {"accommodation": accommodation}
        refused = await put(site, "/exams/EXAM-1/accommodations/CAND-1", body, 422)
        assert (refused["code"], refused["errors"][0]["path"]) == ("accommodation-invalid", path)

    on_sqlite(test)
