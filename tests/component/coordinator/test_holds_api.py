"""Legal holds over REST and with `proctorctl`: who places them, what they keep, when they are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from coordinator.audit import chaining
from coordinator.candidates import service as candidates
from coordinator.holds import service as holds
from shared.events.types import EventType
from shared.fields import format_utc
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.findings import found
from tests.support.reviewers import code
from tests.support.served_site import served
from tests.support.shell import Shell

WHY: Final = "Case 2026/17 at the administrative court"
IN_A_YEAR: Final = timedelta(days=365)


async def placed(site: Site, **body: Any) -> dict[str, Any]:
    answer = await site.post("/legal-holds", {"reason": WHY, **body}, headers=site.bearer(Role.DPO, "dora"))
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


async def keeping(site: Site, reference: str, at_utc: datetime | None = None) -> set[str]:
    """The holds that keep something of this candidate."""

    def work(db: Session) -> set[str]:
        candidate = candidates.known(db, site.home, reference)
        on = holds.on_person(db, site.home, candidate.id, at_utc or datetime.now(UTC))
        return {str(one.id) for one in on}

    return await site.parts.reading(work)


def test_holds_on_a_person_an_exam_and_an_incident_are_found_from_the_person(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-1")
        await site.started("SESS-2", "CAND-SESS-2", exam_id="EXAM-2")
        first, second = incident["candidate_id"], "CAND-SESS-2"
        on_incident = await placed(site, incident_id=incident["incident_id"])
        assert (on_incident["candidate_id"], on_incident["exam_id"]) == (first, incident["exam_id"])
        on_exam = await placed(site, exam_id="EXAM-2", until=format_utc(datetime.now(UTC) + IN_A_YEAR))
        on_person = await placed(site, candidate_id=second)
        assert await keeping(site, first) == {on_incident["hold_id"]}
        assert await keeping(site, second) == {on_exam["hold_id"], on_person["hold_id"]}
        later = datetime.now(UTC) + IN_A_YEAR + timedelta(days=1)
        assert await keeping(site, second, later) == {on_person["hold_id"]}

        listed = (await site.get("/legal-holds")).json()["items"]
        assert [one["hold_id"] for one in listed] == [
            one["hold_id"] for one in (on_incident, on_exam, on_person)
        ]
        assert {one["reason"] for one in listed} == {WHY}
        of_first = (await site.get(f"/legal-holds?candidate_id={first}")).json()["items"]
        assert [one["hold_id"] for one in of_first] == [on_incident["hold_id"]]
        page = (await site.get("/legal-holds?limit=2")).json()
        rest = (await site.get(f"/legal-holds?limit=2&cursor={page['next_cursor']}")).json()
        assert [*page["items"], *rest["items"]] == listed
        assert rest["next_cursor"] is None

    on_site(test)


def test_a_held_face_is_erased_by_nobody_until_the_release(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        hold = await placed(site, candidate_id="CAND-1")
        for bearer, told in (
            (site.bearer(), True),
            (site.bearer(Role.SYSTEM), True),
            (site.bearer(Role.CANDIDATE, "CAND-1"), False),
        ):
            refused = await site.http.delete("/api/v1/enrollments/CAND-1", headers=bearer)
            assert (refused.status_code, refused.json()["code"]) == (409, "legal-hold")
            assert (WHY in refused.json()["detail"]) is told
        await site.post(f"/legal-holds/{hold['hold_id']}/release", headers=site.bearer(Role.DPO, "dora"))
        own = site.bearer(Role.CANDIDATE, "CAND-1")
        assert (await site.http.delete("/api/v1/enrollments/CAND-1", headers=own)).status_code == 204

    on_site(test)


def test_a_released_hold_keeps_nothing_and_stays_to_be_seen(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        hold = await placed(site, candidate_id="CAND-1")
        path = f"/legal-holds/{hold['hold_id']}/release"
        released = [
            (await site.post(path, headers=site.bearer(Role.DPO, who))).json() for who in ("dan", "eve")
        ]
        assert released[0] == released[1]
        assert (released[0]["released_by"], released[0]["in_force"]) == ("dan", False)
        assert await keeping(site, "CAND-1") == set()
        assert (await site.get("/legal-holds")).json()["items"] == []
        assert (await site.get("/legal-holds?ended=true")).json()["items"] == [released[0]]
        again = await placed(site, candidate_id="CAND-1")
        assert await keeping(site, "CAND-1") == {again["hold_id"]}

    on_site(test)


def test_a_hold_on_nothing_that_exists_or_on_two_things_or_over_already_is_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        dpo = {"headers": site.bearer(Role.DPO, "dora")}
        yesterday = format_utc(datetime.now(UTC) - timedelta(days=1))
        wrong: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"candidate_id": "CAND-9"}, (404, "candidate-unknown")),
            ({"exam_id": "EXAM-9"}, (404, "exam-unknown")),
            ({"incident_id": str(UUID(int=7))}, (404, "incident-unknown")),
            ({"candidate_id": "CAND-1", "exam_id": "EXAM-1"}, (422, "invalid-request")),
            ({}, (422, "invalid-request")),
            ({"candidate_id": "CAND-1", "reason": "  "}, (422, "invalid-request")),
            ({"candidate_id": "CAND-1", "until": yesterday}, (422, "hold-over")),
        ]
        for body, refusal in wrong:
            assert code(await site.post("/legal-holds", {"reason": WHY, **body}, **dpo)) == refusal, body
        theirs = {"headers": site.bearer(Role.DPO, "dora", tenant_id=await site.institution())}
        body = {"candidate_id": "CAND-1", "reason": WHY}
        assert code(await site.post("/legal-holds", body, **theirs)) == (404, "candidate-unknown")
        hold = await placed(site, candidate_id="CAND-1")
        path = f"/legal-holds/{hold['hold_id']}/release"
        assert code(await site.post(path, **theirs)) == (404, "hold-unknown")
        assert await keeping(site, "CAND-1") == {hold["hold_id"]}

    on_sqlite(test)


def test_proctorctl_places_lists_and_releases_and_the_log_says_whom_it_was_about(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "CAND-1")
        async with served(site) as url:
            shell = Shell(site, url, "dora", Role.DPO)
            hold = await shell.data("holds", "add", "--candidate", "CAND-1", "--reason", WHY)
            assert (hold["thing"], hold["held_by"], hold["in_force"]) == ("candidate", "dora", True)
            listed = await shell.data("holds", "list", "--candidate", "CAND-1")
            assert listed == [hold]
            released = await shell.data("holds", "release", hold["hold_id"], "--yes")
            assert (released["released_by"], released["in_force"]) == ("dora", False)
            assert await shell.data("holds", "list") == []
            assert await shell.data("holds", "list", "--ended") == [released]
            status, _, err = await shell.run("holds", "add", "--reason", WHY)
            assert (status, "exactly one of" in err) == (1, True)
        await chaining.round_of(site.parts, datetime.now(UTC))
        entries = (await site.get("/audit?candidate_id=CAND-1")).json()["items"]
        assert [(one["act"], one["subject"]) for one in entries if "hold" in one["act"]] == [
            ("place_legal_hold", "dora"),
            ("list_legal_holds", "dora"),
            ("release_legal_hold", "dora"),
        ]

    on_sqlite(test)
