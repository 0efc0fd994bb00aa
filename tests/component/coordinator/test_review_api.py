"""Reviewing incidents over REST: two people, an appeal, a third; and who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from coordinator.idempotency.tables import KeptAnswer
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found, noticed
from tests.support.reviewers import TEXT, Reviewers, code, later

NO_INCIDENT = "/incidents/00000000-0000-7000-8000-000000000000"


def test_an_adverse_verdict_takes_two_people_and_an_appeal_a_third(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path = f"/incidents/{incident['incident_id']}"
        assert (incident["state"], incident["alert_count"]) == ("open", 1)

        assert code(await people.do("ann", f"{path}/claim")) == (200, "open")
        assert code(await people.do("bob", f"{path}/confirm")) == (409, "claimed-by-another")
        assert code(await people.do("ann", f"{path}/confirm", TEXT)) == (200, "seconding")
        assert code(await people.do("ann", f"{path}/confirm")) == (403, "second-person-needed")
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-SESS-1")}
        assert code(await site.post(f"{path}/appeal", TEXT, **mine)) == (409, "nothing-to-appeal")
        assert code(await people.do("bob", f"{path}/confirm")) == (200, "confirmed")
        later(site)

        assert (await site.get("/session/SESS-1/outcomes", **mine)).json()["items"] == []  # it still runs
        await site.post("/session/SESS-1/end")
        [outcome] = (await site.get("/session/SESS-1/outcomes", **mine)).json()["items"]
        assert (outcome["outcome"], outcome["may_appeal"]) == ("confirmed", True)
        assert outcome["observed"]
        assert "ann" not in str(outcome)

        appealed = await site.post(f"{path}/appeal", TEXT, **mine)
        assert (appealed.status_code, appealed.json()["outcome"]) == (200, "appealed")
        assert code(await site.post(f"{path}/appeal", TEXT, **mine)) == (409, "nothing-to-appeal")
        overturn = {"decision": "overturn", **TEXT}
        for who in ("ann", "bob"):
            decided = await people.do(who, f"{path}/appeal/decide", overturn)
            assert code(decided) == (403, "reviewed-it-yourself")
        assert code(await people.do("eve", f"{path}/appeal/decide", overturn)) == (200, "overturned")

        detail = await people.get(path)
        acts = [(act["act"], act["by"], act["role"], act["state"]) for act in detail["history"]]
        assert acts == [
            ("claim", "ann", "proctor", "open"),
            ("confirm", "ann", "proctor", "seconding"),
            ("confirm", "bob", "proctor", "confirmed"),
            ("appeal", "CAND-SESS-1", "candidate", "appealed"),
            ("overturn", "eve", "proctor", "overturned"),
        ]
        assert [act["text"] for act in detail["history"]] == [None, TEXT["text"], None] + [TEXT["text"]] * 2
        assert [one["event_type"] for one in detail["alerts"]] == ["FACE_MISMATCH"]

    on_site(test)


def test_a_repeated_review_is_done_once_and_answered_twice(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path = f"/incidents/{incident['incident_id']}"

        async def twice(who: str, act: str, body: Any, role: Role = Role.PROCTOR) -> Any:
            headers = site.bearer(role, who) | {"Idempotency-Key": f"{who}-{act}"}
            first, again = [await site.post(f"{path}/{act}", body, headers=headers) for _ in range(2)]
            assert (first.status_code, first.json()) == (again.status_code, again.json())
            return first

        assert code(await twice("ann", "comment", TEXT)) == (200, "open")
        assert code(await twice("ann", "confirm", TEXT)) == (200, "seconding")
        other = site.bearer(Role.PROCTOR, "ann") | {"Idempotency-Key": "ann-confirm"}
        reused = await site.post(f"{path}/confirm", {"text": "Another."}, headers=other)
        assert code(reused) == (409, "idempotency-key-reused")
        assert code(await twice("bob", "confirm", TEXT)) == (200, "confirmed")
        later(site)
        appealed = await twice("CAND-SESS-1", "appeal", TEXT, Role.CANDIDATE)
        assert (appealed.status_code, appealed.json()["outcome"]) == (200, "appealed")
        overturned = await twice("eve", "appeal/decide", {"decision": "overturn", **TEXT})
        assert code(overturned) == (200, "overturned")
        history = (await site.get(path)).json()["history"]
        assert [act["act"] for act in history] == ["comment", "confirm", "confirm", "appeal", "overturn"]

        def kept(db: Session) -> set[str | None]:
            return set(db.exec(select(KeptAnswer.candidate_reference)).all())

        assert await site.parts.reading(kept) == {"CAND-SESS-1"}  # erased with that candidate's data

    on_site(test)


def test_what_is_agreed_with_the_candidate_holds_when_a_session_is_scored_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        exam = {"exam_id": "EXAM-1", "title": "Mathematics", "policy": {}}
        assert (await site.post("/exams", exam)).status_code == 201
        agreed = {"accommodation": {"muted": ["GAZE_OFF_SCREEN"]}, "allow_unregistered": True}
        put = await site.http.put(
            "/api/v1/exams/EXAM-1/accommodations/CAND-SESS-1", json=agreed, headers=site.bearer()
        )
        assert put.status_code == 200, put.text
        await found(site, (EventType.GAZE_OFF_SCREEN, 1.0), (EventType.LEFT_FRAME, 60.0))
        scored = (await site.post("/session/SESS-1/rescore", {"policy": {"sensitivity": "high"}})).json()
        raised = {one["event_type"]: one["would_be_raised"] for one in scored["alerts"]}
        assert raised["GAZE_OFF_SCREEN"] is False

    on_site(test)


def test_a_claim_is_over_after_fifteen_minutes_or_when_released(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path, now = f"/incidents/{incident['incident_id']}", datetime.now(UTC)
        await people.do("ann", f"{path}/claim")
        assert code(await people.do("bob", f"{path}/claim")) == (409, "claimed-by-another")
        assert code(await people.do("bob", f"{path}/release")) == (409, "claimed-by-another")
        site.at(now + timedelta(minutes=16))
        claimed = await people.do("bob", f"{path}/claim")
        assert (claimed.status_code, claimed.json()["claimed_by"]) == (200, "bob")
        released = await people.do("bob", f"{path}/release")
        assert (released.status_code, released.json()["claimed_by"]) == (200, None)
        assert code(await people.do("bob", f"{path}/release")) == (409, "not-claimed")

    on_site(test)


def test_a_verdict_on_an_incident_that_grew_is_taken_up_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path = f"/incidents/{incident['incident_id']}"
        harmless = {"reason": "harmless", "text": "Light."}
        assert code(await people.do("ann", f"{path}/dismiss", harmless)) == (200, "dismissed")
        assert code(await people.do("bob", f"{path}/reopen", TEXT)) == (403, "not-your-verdict")
        await noticed(site, (EventType.LEFT_FRAME, 2.0))

        async def grown() -> Any:
            return (await people.get(path))["incident"]

        now = await grown()
        assert (now["state"], now["alert_count"]) == ("dismissed", 2)
        assert now["changed_at"] is not None
        assert code(await people.do("bob", f"{path}/reopen", TEXT)) == (200, "open")
        assert (await grown())["changed_at"] is None

    on_site(test)


def test_the_queue_pages_and_narrows(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        first = await found(site, (EventType.FACE_NOT_FOUND, 0.0), (EventType.FACE_MISMATCH, 60.0))
        other = await found(site, (EventType.LEFT_FRAME, 0.0), session="SESS-2")
        await people.do("ann", f"/incidents/{first[0]['incident_id']}/dismiss", {"reason": "harmless"})
        expected = [other[0]["incident_id"], first[1]["incident_id"], first[0]["incident_id"]]

        async def ids(**params: Any) -> list[str]:
            page = (await site.get("/incidents", params=params)).json()
            return [one["incident_id"] for one in page["items"]]

        assert [one["severity"] for one in first] == [0.9, 0.5]
        assert await ids() == expected  # 0.8, then 0.5, and the decided last
        assert await ids(exam_session_id="SESS-2") == expected[:1]
        assert await ids(state=["dismissed", "confirmed"]) == expected[2:]
        assert await ids(min_severity=0.6) == [expected[0], expected[2]]
        assert await ids(candidate_id="CAND-SESS-1") == expected[1:]
        assert await ids(exam_id="EXAM-9") == []
        for begun, there in ((first[0]["incident_id"][:23], True), ("ffffffff", False), ("no-id", False)):
            assert (first[0]["incident_id"] in await ids(begins_with=begun)) is there
        assert await ids(begins_with=expected[0]) == expected[:1]
        paged, cursor = [], None
        while True:
            params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            page = (await site.get("/incidents", params=params)).json()
            paged += [one["incident_id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert paged == expected
        for wrong in ({"cursor": "x"}, {"state": "guilty"}, {"limit": 0}, {"min_severity": 2}, {"who": "me"}):
            assert (await site.get("/incidents", params=wrong)).status_code == 422, wrong

    on_site(test)


def test_precision_counts_verdicts_by_kind_of_event(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        events = [(EventType.FACE_NOT_FOUND, 0.0), (EventType.FACE_NOT_FOUND, 60.0)]
        # The mismatch is worse, so the incident of a minute, which holds it, comes first.
        one, two = await found(site, *events, (EventType.FACE_MISMATCH, 61.0))
        for who in ("ann", "bob"):
            await people.do(who, f"/incidents/{one['incident_id']}/confirm")
        await people.do("ann", f"/incidents/{two['incident_id']}/dismiss", {"reason": "technical"})
        later(site)
        rules = {rule["event_type"]: rule for rule in await people.get("/incidents/precision?exam_id=EXAM-1")}
        counted = {name: (rule["confirmed"], rule["dismissed"]) for name, rule in rules.items()}
        assert counted == {"FACE_NOT_FOUND": (1, 1), "FACE_MISMATCH": (1, 0)}
        assert rules["FACE_NOT_FOUND"]["precision"] == 0.5
        assert await people.get("/incidents/precision?exam_id=EXAM-9") == []

    on_site(test)


def test_another_policy_gives_other_scores_beside_the_original_and_changes_none(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        gentle = {"policy": {"rules": {"FACE_MISMATCH": {"severity": 0.1}}}}
        answer = (await people.do("ann", "/session/SESS-1/rescore", gentle)).json()
        [one] = answer["alerts"]
        assert one["original"] == 0.9
        assert 0.1 < one["rescored"] < 0.6
        assert answer["incidents"][0]["incident_id"] == incident["incident_id"]
        assert (await people.get(f"/incidents/{incident['incident_id']}"))["incident"] == incident
        bad = await people.do("ann", "/session/SESS-1/rescore", {"policy": {"mood": 1}})
        assert code(bad) == (422, "policy-invalid")

    on_site(test)


@pytest.mark.parametrize(
    "act", ["claim", "release", "comment", "confirm", "dismiss", "reopen", "undo", "appeal/decide"]
)
def test_reviewing_is_for_proctors_and_administrators(on_sqlite: OnSite, act: str) -> None:
    body: dict[str, Any] = {"text": "A word."}
    if act == "dismiss":
        body = {"reason": "harmless"}
    if act == "appeal/decide":
        body |= {"decision": "uphold"}
    if act in ("claim", "release", "undo"):
        body = {}

    async def test(site: Site) -> None:
        people = Reviewers(site)
        for role in (Role.CANDIDATE, Role.SYSTEM, Role.DPO):
            refused = await people.do("someone", f"{NO_INCIDENT}/{act}", body, role)
            assert code(refused) == (403, "role-forbidden"), role
        for role in (Role.PROCTOR, Role.ADMIN):
            unknown = await people.do("someone", f"{NO_INCIDENT}/{act}", body, role)
            assert code(unknown) == (404, "incident-unknown"), role

    on_sqlite(test)


def test_other_institutions_and_other_candidates_find_nothing(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path, stranger = (
            f"/incidents/{incident['incident_id']}",
            site.bearer(tenant_id=await site.institution()),
        )
        assert code(await site.get(path, headers=stranger)) == (404, "incident-unknown")
        assert code(await site.post(f"{path}/confirm", headers=stranger)) == (404, "incident-unknown")
        assert (await site.get("/incidents", headers=stranger)).json()["items"] == []
        assert (await site.get("/incidents/precision", headers=stranger)).json() == []
        other = site.bearer(Role.CANDIDATE, "CAND-2")
        assert code(await site.post(f"{path}/appeal", TEXT, headers=other)) == (403, "not-yours")
        assert code(await site.get("/session/SESS-1/outcomes", headers=other)) == (403, "not-yours")
        for listing in ("/incidents", path, "/incidents/precision"):
            assert code(await site.get(listing, headers=other)) == (403, "role-forbidden")
        assert code(await site.post(f"{path}/appeal", TEXT)) == (403, "role-forbidden")

    on_sqlite(test)


def test_a_refused_act_leaves_no_trace(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        people = Reviewers(site)
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
        path = f"/incidents/{incident['incident_id']}"
        assert code(await people.do("ann", f"{path}/dismiss", {"reason": "other"})) == (422, "reason-needed")
        assert (await people.do("ann", f"{path}/dismiss", {"reason": "mood"})).status_code == 422
        assert (await people.do("ann", f"{path}/comment", {"text": "  "})).status_code == 422
        assert code(await people.do("ann", f"{path}/reopen", TEXT)) == (409, "not-decided")
        detail = await people.get(path)
        assert (detail["incident"], detail["history"]) == (incident, [])

    on_sqlite(test)
