"""Enrollments that expire and are replaced, the try before an exam, and the search for one face."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from coordinator.candidates.tables import Candidate
from coordinator.config import FacesSection
from coordinator.enrollments.face_tables import FacePair, PracticeCheck
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body, picture_base64
from tests.support.node_answers import failing_picture, good_picture

TEXT = {"text": "They sit side by side."}
REASON = {"reason": "Two applications with one photograph."}
PRACTICE: dict[str, Any] = {
    "candidate_id": "CAND-1",
    "exam_id": "EXAM-1",
    "camera": {"width": 1280, "height": 720, "frames_per_second": 15},
    "microphone": {"muted": False, "peak_dbfs": -20},
    "allow_unregistered": True,
}


def unit(x: float, y: float) -> bytes:
    return struct.pack("<2f", x, y)


async def enroll(site: Site, candidate: str, x: float = 1.0, y: float = 0.0) -> dict[str, Any]:
    site.node.enroll = lambda jpeg: good_picture(unit(x, y))
    response = await site.post("/enroll", enroll_body(candidate=candidate))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def practice(site: Site, **more: Any) -> dict[str, str]:
    response = await site.post("/practice-check", PRACTICE | more)
    assert response.status_code == 200, response.text
    return {one["check"]: one["outcome"] for one in response.json()["checks"]}


def test_an_enrollment_counts_until_it_expires_and_the_newest_replaces_the_one_before(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        first = await enroll(site, "CAND-1")
        assert (first["expired"], first["replaces"]) == (False, None)
        assert (await site.started("SESS-1"))["identity"] == "enrolled"
        later = datetime.now(UTC) + timedelta(days=366)
        site.at(later)
        old = (await site.get("/enrollments/CAND-1")).json()
        assert (old["expired"], old["enrollment_id"]) == (True, first["enrollment_id"])
        assert (await site.started("SESS-2"))["identity"] == "unavailable"
        assert site.node.obeyed.newest.templates == ()
        again = await enroll(site, "CAND-1")
        assert (again["expired"], again["replaces"]) == (False, first["enrollment_id"])
        assert (await site.started("SESS-3"))["identity"] == "enrolled"

    on_site(test)


def test_a_try_is_told_in_words_and_only_its_outcome_is_kept(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await enroll(site, "CAND-1")
        image = {"image": {"image_base64": picture_base64()}}
        site.node.enroll = lambda jpeg: good_picture(unit(0.8, 0.6))
        everything = await site.post("/practice-check", PRACTICE | image)
        assert everything.json()["ready"] is True
        assert "0.8" not in everything.text
        site.node.enroll = lambda jpeg: good_picture(unit(0.6, 0.8))
        assert (await practice(site, **image))["identity"] == "advice"
        dark = failing_picture("brightness", 21.0, "at least 40", "Turn a lamp on.")
        site.node.enroll = lambda jpeg: dark
        refused = (await site.post("/practice-check", PRACTICE | image)).json()
        assert [one["outcome"] for one in refused["checks"]] == ["ok", "ok", "advice", "unknown"]
        assert refused["checks"][2]["advice"] == ["Turn a lamp on."]
        assert await practice(site) == {
            "camera": "ok", "microphone": "ok", "face": "unknown", "identity": "unknown",
        }  # fmt: skip
        kept = await site.parts.reading(lambda db: [row.outcomes for row in db.exec(select(PracticeCheck))])
        assert len(kept) == 4
        assert kept[1] == {"camera": "ok", "microphone": "ok", "face": "ok", "identity": "advice"}

        await site.started()
        timeline = (await site.get("/session/SESS-1/timeline")).json()["items"]
        assert [one["event_type"] for one in timeline] == ["ENROLLED", "CHECKED", "SESSION_STARTED"]

    on_site(test)


def test_a_try_without_an_enrollment_says_nothing_about_identity(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        image = {"image": {"image_base64": picture_base64()}}
        assert (await practice(site, **image))["identity"] == "unknown"
        broken = await practice(site, image={"image_base64": "AAAA"})
        assert (broken["face"], broken["identity"]) == ("advice", "unknown")
        mine = site.bearer(Role.CANDIDATE, "CAND-2")
        own = PRACTICE | {"allow_unregistered": False}
        assert (await site.post("/practice-check", own, headers=mine)).status_code == 403
        assert (await site.post("/practice-check", {"candidate_id": "CAND-1"})).status_code == 422
        no_number = PRACTICE | {"microphone": {"muted": False, "peak_dbfs": False}}
        assert (await site.post("/practice-check", no_number)).status_code == 422

    on_sqlite(test)


def test_a_try_under_a_mistyped_name_is_refused_and_makes_nobody(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        known = PRACTICE | {"allow_unregistered": False}
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}

        async def refused(change: dict[str, Any], **who: Any) -> tuple[int, str]:
            answer = await site.post("/practice-check", known | change, **who)
            return answer.status_code, answer.json()["code"]

        async def candidates() -> list[str]:
            wanted = select(Candidate.reference).order_by(Candidate.reference)
            return list(await site.parts.reading(lambda db: db.exec(wanted).all()))

        assert await refused({}) == (422, "exam-unknown")
        assert await refused({}, **mine) == (422, "exam-unknown")
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        assert await refused({}) == (422, "candidate-unknown")
        assert await refused({"allow_unregistered": True}, **mine) == (403, "staff-only")
        assert await candidates() == []
        own = await site.post("/practice-check", known, **mine)  # known to whoever gave the token out
        assert own.status_code == 200
        assert (await site.post("/practice-check", known)).status_code == 200
        assert await refused({"candidate_id": "CAND-l"}) == (422, "candidate-unknown")
        assert await refused({"exam_id": "EXAM-l"}) == (422, "exam-unknown")
        assert await candidates() == ["CAND-1"]
        typo = known | {"candidate_id": "CAND-l", "allow_unregistered": True}
        assert (await site.post("/practice-check", typo)).status_code == 200
        assert await candidates() == ["CAND-1", "CAND-l"]

    on_site(test)


async def agree(site: Site, *candidates: str, given: bool = True) -> None:
    for candidate in candidates:
        said = {"given": given, "text_version": "1", "confirm": True, "allow_unregistered": True}
        path = f"/api/v1/consents/{candidate}/impersonation-search"
        answer = await site.http.put(path, json=said, headers=site.bearer())
        assert answer.is_success, answer.text


def switch_on(site: Site) -> None:
    site.parts.config = site.parts.config.model_copy(
        update={"faces": FacesSection(impersonation_search=True)}
    )


async def search(site: Site, candidate: str = "CAND-1", **options: Any) -> Any:
    return await site.post(f"/enrollments/{candidate}/impersonation-search", REASON, **options)


def test_a_search_finds_pairs_for_people_among_those_who_agreed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for candidate, x, y in (
            ("CAND-1", 1.0, 0.0), ("TWIN", 0.96, 0.28), ("STRANGER", 0.28, 0.96), ("PRIVATE", 1.0, 0.0),
        ):  # fmt: skip
            await enroll(site, candidate, x, y)
        assert (await search(site)).json()["code"] == "search-off"
        switch_on(site)
        assert (await search(site)).json()["code"] == "consent-missing"
        await agree(site, "CAND-1", "TWIN", "STRANGER", "PRIVATE")
        await agree(site, "PRIVATE", given=False)
        answer = (await search(site)).json()
        assert (answer["searched"], answer["left_out"]) == (2, 1)
        [pair] = answer["pairs"]
        assert (pair["other_candidate_id"], pair["state"]) == ("TWIN", "open")
        assert pair["similarity"] == pytest.approx(0.96, abs=1e-6)
        twins = (await search(site, "TWIN")).json()["pairs"]
        assert [one["pair_id"] for one in twins] == [pair["pair_id"]]  # the same question
        assert (await site.started())["identity"] == "enrolled"  # nothing is refused because of it

        decide = f"/face-pairs/{pair['pair_id']}/decide"
        for role in (Role.SYSTEM, Role.DPO, Role.CANDIDATE):
            refused = await site.post(decide, {}, headers=site.bearer(role, "CAND-1"))
            assert refused.status_code == 403
        stranger = site.bearer(tenant_id=await site.institution())
        verdict = {"verdict": "different-people", **TEXT}
        assert (await site.post(decide, verdict, headers=stranger)).status_code == 404
        decided = (await site.post(decide, verdict)).json()
        assert (decided["state"], decided["text"]) == ("different-people", TEXT["text"])
        assert (await site.post(decide, verdict)).json()["code"] == "decided-already"
        listed = (await site.get("/face-pairs", params={"state": "different-people"})).json()["items"]
        assert listed == [decided]
        assert (await site.get("/face-pairs", params={"state": "open"})).json()["items"] == []
        assert (await site.get("/face-pairs", headers=stranger)).json()["items"] == []

        await site.post("/session/SESS-1/end")
        erased = await site.http.delete("/api/v1/enrollments/TWIN", headers=site.bearer())
        assert erased.status_code == 204
        assert await site.parts.reading(lambda db: db.exec(select(FacePair)).all()) == []

    on_site(test)


async def compared(site: Site, candidate: str, *, agrees: bool) -> None:
    """Whether a candidate agrees to having its face compared at all."""
    said = {"given": agrees, "text_version": "1", "confirm": True}
    path = f"/api/v1/consents/{candidate}/identity-verification"
    assert (await site.http.put(path, json=said, headers=site.bearer())).is_success


def test_a_face_that_may_not_be_compared_is_left_out_of_every_search_and_try(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for candidate in ("CAND-1", "TWIN"):
            await enroll(site, candidate)
        switch_on(site)
        await agree(site, "CAND-1", "TWIN")
        tried = {"image": {"image_base64": picture_base64()}}
        await compared(site, "TWIN", agrees=False)
        answer = (await search(site)).json()
        assert (answer["searched"], answer["pairs"]) == (0, [])
        refused = await search(site, "TWIN")
        assert (refused.status_code, refused.json()["code"]) == (409, "consent-withdrawn")
        assert (await practice(site, candidate_id="TWIN", **tried))["identity"] == "unknown"
        await compared(site, "TWIN", agrees=True)
        assert len((await search(site)).json()["pairs"]) == 1
        assert (await practice(site, candidate_id="TWIN", **tried))["identity"] == "ok"

    on_site(test)


def test_a_search_needs_an_enrollment_an_administrator_and_the_own_institution(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        switch_on(site)
        assert (await search(site, "NOBODY")).status_code == 404
        await enroll(site, "CAND-1")
        await agree(site, "CAND-1")
        for role in (Role.PROCTOR, Role.SYSTEM, Role.DPO, Role.CANDIDATE):
            assert (await search(site, headers=site.bearer(role, "CAND-1"))).status_code == 403
        assert (
            await search(site, headers=site.bearer(tenant_id=await site.institution()))
        ).status_code == 404
        alone = (await search(site)).json()
        assert (alone["searched"], alone["pairs"]) == (0, [])
        site.at(datetime.now(UTC) + timedelta(days=366))
        assert (await search(site)).status_code in (401, 404)

    on_sqlite(test)
