"""What a candidate agrees to decides what is done: before the exam, while it runs, and after a withdrawal."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.changing.telling import mend
from coordinator.sessions.service import find
from coordinator.sessions.starting.again import resume
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.messages.sessions import StartSession
from shared.tokens import Role
from tests.support.as_ordered import heard
from tests.support.devices import Device
from tests.support.exam_site import ACKNOWLEDGED, OnSite, Site, enroll_body
from tests.support.exams import made
from tests.support.node_answers import Refusal

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

CAMERA, IDENTITY, SPEECH = "camera-monitoring", "identity-verification", "speech-detection"
ALL = [CAMERA, IDENTITY, SPEECH]
NO = {"given": False, "text_version": "1", "confirm": True}
YES = {"given": True, "text_version": "1"}


async def said(site: Site, purpose: str, word: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """CAND-1's own word."""
    path, mine = f"/api/v1/consents/CAND-1/{purpose}", site.bearer(Role.CANDIDATE, "CAND-1")
    answer = await site.http.put(path, json=word, headers=mine)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def enrolled(site: Site, **more: Any) -> None:
    answer = await site.post("/enroll", enroll_body() | more)
    assert answer.status_code == 201, answer.text


async def verified(site: Site) -> tuple[int, str]:
    answer = await site.post("/session/SESS-1/verify-frame", {"frame_id": "5"})
    return answer.status_code, answer.json().get("code", "")


async def state(site: Site) -> dict[str, Any]:
    body: dict[str, Any] = (await site.get("/session/SESS-1")).json()
    return body


async def noted(site: Site) -> list[tuple[str, str]]:
    """What stands on the timeline of withdrawals, and how badly."""
    items = (await site.get("/session/SESS-1/timeline")).json()["items"]
    kept = [item for item in items if item["event_type"].startswith("CONSENT_")]
    assert {(item["event_class"], item["severity_score"]) for item in kept} <= {("milestone", 0.0)}
    return [(item["event_type"], item["evidence"]["purpose"]) for item in kept]


def told(order: StartSession) -> tuple[list[str], int]:
    """What a node does nothing for, and how many templates it has."""
    return [str(purpose) for purpose in order.withheld], len(order.templates)


def test_nobody_is_enrolled_before_it_has_acknowledged_that(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        without = enroll_body() | {"acknowledged": None}
        refused = await site.post("/enroll", without)
        assert (refused.status_code, refused.json()["code"]) == (409, "acknowledgement-missing")
        assert IDENTITY in refused.json()["detail"]
        assert refused.json()["errors"][0]["path"] == "body.acknowledged"
        assert site.node.obeyed.pictures == []
        mine = site.bearer(Role.CANDIDATE, "CAND-1")
        forged = await site.post(
            "/enroll", without | {"acknowledged": {**ACKNOWLEDGED, "on_paper": True}}, headers=mine
        )
        assert (forged.status_code, forged.json()["code"]) == (403, "on-paper-by-staff")
        await enrolled(site, acknowledged={**ACKNOWLEDGED, "on_paper": True})
        [word] = (await site.get("/consents/CAND-1")).json()["items"]
        assert (word["purpose"], word["on_paper"], word["recorded_by"]) == (IDENTITY, True, "someone")
        await enrolled(site, acknowledged=None)  # it is on record now
        await said(site, IDENTITY, NO)
        again = await site.post("/enroll", enroll_body())
        assert (again.status_code, again.json()["code"]) == (409, "consent-withdrawn")

    on_site(test)


def test_an_exam_may_rest_on_another_basis_but_not_on_a_withdrawal(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site, policy={"without_acknowledgement": [IDENTITY, CAMERA]})
        await enrolled(site, acknowledged=None)
        started = await site.started(acknowledged=None)
        assert started["not_acknowledged"] == [SPEECH]
        assert told(site.node.obeyed.newest) == ([SPEECH], 1)
        await said(site, IDENTITY, NO)
        assert told(site.node.obeyed.changed[-1]) == ([IDENTITY, SPEECH], 0)

    on_site(test)


@pytest.mark.parametrize("purpose", ["speech-transcription", "impersonation-search"])
def test_some_purposes_always_need_a_yes(on_sqlite: OnSite, purpose: str) -> None:
    async def test(site: Site) -> None:
        exam = {"exam_id": "E", "title": "E", "policy": {"without_acknowledgement": [purpose]}}
        answer = await site.post("/exams", exam)
        assert (answer.status_code, answer.json()["code"]) == (422, "policy-invalid")

    on_sqlite(test)


def test_nothing_is_watched_before_the_notice_is_acknowledged_and_all_of_it_afterwards(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        await enrolled(site)
        started = await site.started(acknowledged=None)
        assert started["not_acknowledged"] == [CAMERA, SPEECH]
        assert told(site.node.obeyed.newest) == ([CAMERA, SPEECH], 0)
        assert (await state(site))["not_acknowledged"] == [CAMERA, SPEECH]
        assert await verified(site) == (409, "acknowledgement-missing")
        code = started["join_url"].split("#")[1]
        joined = await Device().joined(site, code)
        assert (joined["candidate_id"], joined["withdrawn"]) == ("CAND-1", [])
        notice, bearer = joined["notice"], {"Authorization": f"Bearer {joined['session_token']}"}
        body = {"notice_version": notice["version"], "purposes": notice["purposes"]}
        for _ in range(2):
            answer = await site.post("/session/SESS-1/acknowledge", body, headers=bearer)
            assert answer.status_code == 204
        [order] = site.node.obeyed.changed
        assert (order.withheld, len(order.templates)) == ((), 1)
        assert (await state(site))["not_acknowledged"] == []
        assert await verified(site) == (410, "frame-gone")

    on_site(test)


def test_a_withdrawal_is_asked_about_once_and_changes_nothing_until_then(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await enrolled(site)
        await site.started()
        asked = await said(site, IDENTITY, NO | {"confirm": False}, 409)
        assert asked["code"] == "withdrawal-unconfirmed"
        assert "another way to sit the exam" in asked["detail"]
        assert (site.node.obeyed.changed, (await state(site))["withdrawn"]) == ([], [])
        assert (await said(site, IDENTITY, NO))["running_sessions"] == ["SESS-1"]

    on_site(test)


def test_a_withdrawal_reaches_the_node_at_once_and_an_agreement_brings_everything_back(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        await enrolled(site)
        await site.started()
        assert told(site.node.obeyed.newest) == ([], 1)
        assert await verified(site) == (410, "frame-gone")
        assert "another way" in (await said(site, IDENTITY, NO))["message"]
        assert told(site.node.obeyed.changed[-1]) == ([IDENTITY], 0)
        assert await verified(site) == (409, "consent-withdrawn")
        assert (await state(site))["withdrawn"] == [IDENTITY]
        [listed] = (await site.get("/sessions")).json()["items"]
        assert (listed["withdrawn"], listed["status"], listed["worst_severity"]) == (
            [IDENTITY],
            "active",
            0.0,
        )
        await said(site, CAMERA, NO)
        await said(site, CAMERA, NO)  # said again it changes nothing
        assert told(site.node.obeyed.changed[-1]) == ([CAMERA, IDENTITY], 0)
        assert len(site.node.obeyed.changed) == 2
        await said(site, IDENTITY, YES)
        assert told(site.node.obeyed.changed[-1]) == ([CAMERA], 0)
        await said(site, CAMERA, YES)
        assert told(site.node.obeyed.changed[-1]) == ([], 1)
        assert await verified(site) == (410, "frame-gone")
        assert await noted(site) == [
            ("CONSENT_WITHDRAWN", IDENTITY),
            ("CONSENT_WITHDRAWN", CAMERA),
            ("CONSENT_RENEWED", IDENTITY),
            ("CONSENT_RENEWED", CAMERA),
        ]

    on_site(test)


def test_a_withdrawal_counts_again_after_a_notice_was_acknowledged(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await enrolled(site)
        started = await site.started(acknowledged=None)
        joined = await Device().joined(site, started["join_url"].split("#")[1])
        notice, bearer = joined["notice"], {"Authorization": f"Bearer {joined['session_token']}"}
        body = {"notice_version": notice["version"], "purposes": notice["purposes"]}
        await said(site, IDENTITY, NO)
        assert (await site.post("/session/SESS-1/acknowledge", body, headers=bearer)).status_code == 204
        assert told(site.node.obeyed.changed[-1]) == ([], 1)
        await said(site, IDENTITY, NO)  # in the same words as the first time
        assert told(site.node.obeyed.changed[-1]) == ([IDENTITY], 0)
        assert (await state(site))["withdrawn"] == [IDENTITY]
        assert await verified(site) == (409, "consent-withdrawn")

    on_site(test)


def test_two_purposes_withdrawn_in_one_instant_both_stand_on_the_timeline(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        site.at(datetime.now(UTC))
        await asyncio.gather(*(said(site, purpose, NO) for purpose in ALL))
        assert sorted(purpose for _, purpose in await noted(site)) == ALL
        assert told(site.node.obeyed.changed[-1])[0] == ALL or len(site.node.obeyed.changed) == 3

    on_site(test)


def test_a_node_that_was_cut_off_hears_of_it_and_so_does_one_that_starts_again(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await enrolled(site)
        await site.started()
        order = site.node.obeyed.newest
        site.node.refusal = Refusal("unavailable", "node-unavailable", 503, "busy")
        await said(site, IDENTITY, NO)
        site.node.refusal = None
        differed = set[UUID]()
        for _ in range(3):
            site.node.sessions = (heard(order),)
            await site.node.beat()
            differed = await mend(site.parts, differed)
        [again] = site.node.obeyed.changed[-1:]
        assert told(again) == ([IDENTITY], 0)
        for _ in range(2):
            site.node.sessions = (heard(again),)
            await site.node.beat()
            differed = await mend(site.parts, differed)
        assert differed == set()
        with site.parts.database.read() as db:
            found = find(db, DEFAULT_TENANT_ID, "SESS-1")
        assert await resume(site.parts, found)
        assert told(site.node.obeyed.newest) == ([IDENTITY], 0)

    on_sqlite(test)


def test_a_policy_that_does_without_a_purpose_leaves_nothing_to_withhold(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        await said(site, SPEECH, NO)
        body = {
            "policy": {"features": {"audio_monitoring": False}},
            "reason": "It cannot be listened to.",
            "based_on": 1,
        }
        answer = await site.http.put("/api/v1/session/SESS-1/policy", json=body, headers=site.bearer())
        assert answer.status_code == 200, answer.text
        assert (await state(site))["withdrawn"] == []

    on_site(test)


def test_nobody_is_missed_who_has_withdrawn_the_camera(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        await site.started("SESS-2", "CAND-2")
        await said(site, CAMERA, NO)
        absences, now = Absences(), datetime.now(UTC)
        states = [heard(one).model_copy(update={"phase": "waiting"}) for one in site.node.obeyed.started]
        for seconds in (0, 120, 240):
            site.node.sessions = tuple(states)
            await site.node.beat()
            await absences.round(site.parts, now + timedelta(seconds=seconds))
        missed = [
            [one["event_type"] for one in (await site.get(f"/session/{name}/timeline")).json()["items"]]
            for name in ("SESS-1", "SESS-2")
        ]
        assert ["CANDIDATE_OFFLINE" in events for events in missed] == [False, True]

    on_sqlite(test)


def test_a_paused_session_compares_nothing_and_says_so(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        await site.post("/session/SESS-1/pause", {"reason": "The fire alarm went off."})
        assert await verified(site) == (409, "session-paused")
        await site.post("/session/SESS-1/resume", {"reason": "It was a drill."})
        assert await verified(site) == (410, "frame-gone")

    on_sqlite(test)
