"""A running session paused, given more time and put under another policy: stored, told, mended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.nodes import asking
from coordinator.nodes.tables import Assignment
from coordinator.sessions import service as sessions
from coordinator.sessions.changing.telling import mend, said_of
from coordinator.sessions.service import Found
from coordinator.sessions.starting.again import watches
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.events.types import EventType
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found
from tests.support.node_answers import Refusal, watching

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

REASON = {"reason": "The fire alarm went off."}
GENTLER: dict[str, Any] = {"policy": {"sensitivity": "low"}, **REASON, "based_on": 1}
MINUTE = timedelta(minutes=1)


async def expiry(site: Site) -> datetime:
    return datetime.fromisoformat((await site.get("/session/SESS-1")).json()["session_expires_at"])


async def changed(site: Site, body: dict[str, Any], **options: Any) -> Any:
    options.setdefault("headers", site.bearer(subject="ada"))
    return await site.http.put("/api/v1/session/SESS-1/policy", json=body, **options)


def found_one(site: Site) -> Found:
    with site.parts.database.read() as db:
        return sessions.find(db, DEFAULT_TENANT_ID, "SESS-1")


def told(site: Site) -> StartSession:
    """What the node was told last."""
    return site.node.obeyed.changed[-1]


def test_a_pause_holds_the_session_and_its_node_and_is_given_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        now, before = datetime.now(UTC), await expiry(site)
        site.at(now)
        assert (await site.post("/session/SESS-1/resume", REASON)).json()["code"] == "not-paused"
        assert (await site.post("/session/SESS-1/pause", REASON)).status_code == 200
        assert (told(site).paused, told(site).expires_utc > before) == (True, True)
        assert (await site.post("/session/SESS-1/pause", REASON)).json()["code"] == "already-paused"
        site.at(before + MINUTE)  # it would have expired
        paused = (await site.get("/session/SESS-1")).json()
        assert (paused["status"], paused["paused_at"] is not None) == ("active", True)
        assert (await site.post("/session/SESS-1/resume", REASON)).status_code == 200
        lasted = before + MINUTE - now
        assert abs(await expiry(site) - (before + lasted)) < timedelta(milliseconds=2)
        assert told(site).paused is False
        timeline = (await site.get("/session/SESS-1/timeline")).json()["items"]
        acts = [one["event_type"] for one in timeline if one["event_class"] == "proctor"]
        assert acts == ["PROCTOR_PAUSE", "PROCTOR_RESUME"]

    on_site(test)


def test_more_time_moves_the_end_for_the_session_its_node_and_its_candidate(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started, before = await site.started(), datetime.now(UTC)
        before = await expiry(site)
        ten = {**REASON, "minutes": 10}
        headers = site.bearer() | {"Idempotency-Key": "ten"}
        answers = [await site.post("/session/SESS-1/extra-time", ten, headers=headers) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert await expiry(site) == before + 10 * MINUTE == told(site).expires_utc
        assert len(site.node.obeyed.changed) == 1
        site.at(before + 5 * MINUTE)
        mine = {"Authorization": f"Bearer {started['session_token']}"}
        assert (await site.get("/session/SESS-1", headers=mine)).json()["status"] == "active"
        site.at(before + 11 * MINUTE)
        late = await site.post("/session/SESS-1/extra-time", ten)
        assert (late.status_code, late.json()["code"]) == (410, "session-expired")

    on_site(test)


def test_a_node_that_is_away_does_not_keep_a_proctor_from_pausing(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        site.node.refusal = Refusal("unavailable", "node-unavailable", 503, "busy")
        assert (await site.post("/session/SESS-1/pause", REASON)).status_code == 200
        assert (await site.get("/session/SESS-1")).json()["paused_at"] is not None

    on_sqlite(test)


def test_a_policy_changes_by_an_explicit_act_that_the_node_acknowledges(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        exam = {"exam_id": "EXAM-1", "title": "Mathematics", "policy": {}}
        assert (await site.post("/exams", exam)).status_code == 201
        agreed = {"accommodation": {"muted": ["LEFT_FRAME"]}, "allow_unregistered": True}
        path = "/api/v1/exams/EXAM-1/accommodations/CAND-SESS-1"
        assert (await site.http.put(path, json=agreed, headers=site.bearer())).is_success
        await found(site, (EventType.GAZE_OFF_SCREEN, 1.0))

        response = await changed(site, GENTLER)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert (answer["version"], answer["policy"]["sensitivity"]) == (2, "low")
        [change] = answer["changes"]
        assert (change["changed_by"], change["role"], change["reason"]) == ("ada", "admin", REASON["reason"])
        assert (change["version_before"], change["version"]) == (1, 2)
        assert told(site).policy.version == 2
        assert told(site).policy.candidate is not None  # what is agreed stays agreed
        assert (await site.get("/session/SESS-1/policy")).json() == answer
        assert (await site.get("/session/SESS-1")).json()["policy_version"] == 2
        assert "LEFT_FRAME" not in str(answer)

        assert (await changed(site, GENTLER)).json()["code"] == "policy-changed"
        back = {**REASON, "based_on": 2}
        assert (await changed(site, back)).json()["version"] == 1  # the exam's own again
        [_, again] = (await site.get("/session/SESS-1/report")).json()["policy_changes"]
        assert (again["version_before"], again["version"]) == (2, 1)

    on_site(test)


def test_of_two_changes_of_a_policy_at_once_the_later_is_refused_and_not_lost(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()

        def another() -> None:  # it is stored while the node obeys the first
            site.node.while_changing = lambda: None
            with site.parts.database.write() as db:
                [session] = db.exec(select(ExamSession))
                session.policy_version = 7

        site.node.while_changing = another
        refused = await changed(site, GENTLER)
        assert (refused.status_code, refused.json()["code"]) == (409, "policy-changed")
        policy = (await site.get("/session/SESS-1/policy")).json()
        assert (policy["version"], policy["changes"]) == (7, [])
        again = await changed(site, {**GENTLER, "based_on": 7})
        assert (again.status_code, again.json()["version"]) == (200, 8)

    on_site(test)


def before_the_commit(
    monkeypatch: pytest.MonkeyPatch, site: Site, happens: Callable[[], Awaitable[None]]
) -> None:
    """Let this happen between the node's answer to another policy and its commit."""
    writing = Parts.writing

    async def writing_then(parts: Parts, work: Any) -> Any:
        if "change_policy" in work.__qualname__:
            monkeypatch.setattr(Parts, "writing", writing)
            await happens()
        return await writing(parts, work)

    monkeypatch.setattr(Parts, "writing", writing_then)


def test_what_another_coordinator_sends_before_the_commit_does_not_stay_in_force(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started()
        start = site.node.obeyed.newest

        async def former_one() -> None:  # as it answers a page that asks for its node
            await asking.change(site.parts.commander, site.node.node_id, start)
            assert told(site).policy.version == 1

        before_the_commit(monkeypatch, site, former_one)
        assert (await changed(site, GENTLER)).json()["version"] == 2
        assert told(site).policy.version == 2

    on_site(test)


def test_a_pause_at_another_coordinator_is_not_undone_by_a_policy_that_knew_nothing_of_it(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started()

        async def paused() -> None:
            with site.parts.database.write() as db:
                [session] = db.exec(select(ExamSession))
                session.paused_utc = datetime.now(UTC)

        before_the_commit(monkeypatch, site, paused)
        assert (await changed(site, GENTLER)).json()["version"] == 2
        assert (told(site).policy.version, told(site).paused) == (2, True)

    on_site(test)


def test_a_policy_that_could_not_be_stored_is_taken_back_at_once(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started()

        async def away() -> None:
            raise Unavailable("the database does not answer; try again")

        before_the_commit(monkeypatch, site, away)
        assert (await changed(site, GENTLER)).status_code == 503
        assert [one.policy.version for one in site.node.obeyed.changed] == [2, 1]
        assert (await changed(site, GENTLER)).json()["version"] == 2

    on_site(test)


def test_a_question_of_the_page_waits_until_a_policy_is_stored(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started()
        one = found_one(site)
        asked: list[asyncio.Task[bool | None]] = []

        async def asks() -> None:
            asked.append(asyncio.create_task(watches(site.parts, one, within_s=60)))
            await asyncio.wait(asked, timeout=0.2)

        before_the_commit(monkeypatch, site, asks)
        assert (await changed(site, GENTLER)).json()["version"] == 2
        assert await asked[0] is True
        assert {one.policy.version for one in site.node.obeyed.changed} == {2}

    on_site(test)


def test_what_changes_while_its_node_is_told_is_sent_too(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()

        def resumed() -> None:  # by another coordinator
            site.node.while_changing = lambda: None
            with site.parts.database.write() as db:
                [session] = db.exec(select(ExamSession))
                session.paused_utc = None

        site.node.while_changing = resumed
        assert (await site.post("/session/SESS-1/pause", REASON)).status_code == 200
        assert [one.paused for one in site.node.obeyed.changed] == [True, False]

    on_site(test)


@pytest.mark.parametrize(("act", "code"), [("pause", "already-paused"), ("resume", "not-paused")])
def test_of_two_proctors_who_pause_or_resume_at_once_one_does(on_site: OnSite, act: str, code: str) -> None:
    async def test(site: Site) -> None:
        await site.started()
        if act == "resume":
            assert (await site.post("/session/SESS-1/pause", REASON)).is_success
        before = await expiry(site)
        answers = await asyncio.gather(*(site.post(f"/session/SESS-1/{act}", REASON) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {code}
        if act == "resume":
            assert await expiry(site) <= before  # the time of the pause is added once

    on_site(test)


def test_a_change_that_may_not_be_changes_nothing(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started(policy={"features": {"audio_monitoring": False}})
        more = {"policy": {}, **REASON, "based_on": 1}
        assert (await changed(site, more)).json()["code"] == "purposes-grow"
        silent = {"features": {"audio_monitoring": False}, "sensitivity": "low"}
        fine = {"policy": silent, **REASON, "based_on": 1}
        for role in (Role.PROCTOR, Role.SYSTEM, Role.CANDIDATE, Role.DPO):
            refused = await changed(site, fine, headers=site.bearer(role, "CAND-1"))
            assert (refused.status_code, refused.json()["code"]) == (403, "role-forbidden")
        for wrong in (
            {**fine, "reason": " "},
            {**fine, "exam_version": 1},
            {"policy": silent, "based_on": 1},
        ):
            assert (await changed(site, wrong)).status_code == 422
        missing = await changed(site, {**REASON, "based_on": 1})
        assert (missing.status_code, missing.json()["code"]) == (404, "exam-unknown")
        site.node.refusal = Refusal("unavailable", "node-unavailable", 503, "busy")
        assert (await changed(site, fine)).status_code == 503
        assert site.node.obeyed.changed == []
        policy = (await site.get("/session/SESS-1/policy")).json()
        assert (policy["version"], policy["changes"]) == (1, [])
        site.node.refusal = None
        await site.post("/session/SESS-1/end")
        assert (await changed(site, fine)).status_code == 410

    on_site(test)


def state(start: StartSession, **fields: Any) -> SessionState:
    told: dict[str, Any] = {
        "session_id": start.session_id,
        "epoch": start.epoch,
        "phase": "watching",
        "frames_processed": 1,
        "alerts_triggered": 0,
        "last_verified_utc": None,
        "policy_version": start.policy.version,
        "paused": start.paused,
        "expires_utc": start.expires_utc,
    }
    return SessionState.model_validate(told | fields)


def test_a_node_that_missed_a_change_is_told_again_after_a_rounds_time(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        session, start = UUID(started["session_uuid"]), site.node.obeyed.newest

        async def rounds(count: int, **fields: Any) -> int:
            """How often the node is told in so many rounds, while it says this of the session."""
            site.node.sessions = (state(start, **fields),)
            await site.node.beat()
            before, differed = len(site.node.obeyed.changed), set[UUID]()
            for _ in range(count):
                differed = await mend(site.parts, differed)
                assert differed <= {session}
            return len(site.node.obeyed.changed) - before

        assert await rounds(2) == 0
        assert await rounds(1, policy_version=7) == 0  # a change may be on its way
        assert await rounds(2, policy_version=7) == 1
        assert await rounds(2, paused=True) == 1
        assert await rounds(2, expires_utc=start.expires_utc + MINUTE) == 1
        assert await rounds(2, expires_utc=start.expires_utc + timedelta(milliseconds=1)) == 0
        assert await rounds(2, epoch=2, policy_version=7) == 0  # another assignment's
        assert await rounds(2, policy_version=None) == 0  # a node that does not say
        await site.post("/session/SESS-1/end")
        assert await rounds(2, policy_version=7) == 0

    on_site(test)


FORMER, HOLDER, SESSION = UUID(int=1), UUID(int=2), UUID(int=3)
OLD, HELD = watching(SESSION, policy_version=1), watching(SESSION, epoch=2, policy_version=2)


@pytest.mark.parametrize(
    ("states", "believed"),
    [
        ({(FORMER, SESSION): OLD, (HOLDER, SESSION): HELD}, HELD),
        ({(HOLDER, SESSION): HELD, (FORMER, SESSION): OLD}, HELD),
        ({(FORMER, SESSION): OLD}, None),
        ({(FORMER, SESSION): HELD}, None),
        ({(HOLDER, SESSION): OLD}, None),
        ({(HOLDER, UUID(int=9)): HELD}, None),
        ({}, None),
    ],
)
def test_of_two_nodes_that_name_a_session_the_one_that_holds_it_is_believed(
    states: dict[tuple[UUID, UUID], SessionState], believed: SessionState | None
) -> None:
    held = Assignment(
        session_id=SESSION,
        epoch=2,
        tenant_id=UUID(int=4),
        node_id=HOLDER,
        from_utc=datetime(2026, 11, 22, 14, tzinfo=UTC),
    )
    assert said_of(held, states) == believed
