"""A session's token serves its own session while that runs; a terminated exam is over for its candidate."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from coordinator.ground.database import Database
from coordinator.live.rooms import Listener, Rooms
from coordinator.sessions.notice import VERSION
from coordinator.sessions.tables import ExamSession
from shared.messages.sessions import SessionAccepted
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body, picture_base64
from tests.support.node_answers import accepted
from tests.support.served_site import listening_to, served

REASON = {"reason": "Somebody else sat there."}
OWN_START = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}


def bearing(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def own(site: Site) -> dict[str, Any]:
    """The candidate's own token, which names no session."""
    return {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}


async def with_exams(site: Site) -> None:
    """Let there be the exams that a candidate may start itself."""
    for exam in ("EXAM-1", "EXAM-2"):
        assert (await site.post("/exams", {"exam_id": exam, "title": "Biology"})).is_success


async def answered(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_session_token_neither_enrolls_nor_starts_nor_erases(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/enroll", enroll_body())).is_success
        before = (await site.get("/enrollments/CAND-1")).json()
        mine = bearing((await site.started())["session_token"])
        pictures = enroll_body(*[picture_base64()] * 3)
        assert await answered(await site.post("/enroll", pictures, **mine)) == (403, "session-token")
        assert await answered(await site.post("/session/start", OWN_START, **mine)) == (403, "session-token")
        erased = await site.http.delete("/api/v1/enrollments/CAND-1", **mine)
        assert await answered(erased) == (403, "session-token")
        assert (await site.get("/enrollments/CAND-1")).json() == before
        assert len(site.node.obeyed.started) == 1

    on_site(test)


def test_an_ended_session_s_token_is_dead_at_once(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        mine = bearing(started["session_token"])
        async with served(site) as url:
            ticket = (await site.post("/session/SESS-1/ws-ticket", **mine)).json()["ticket"]
            async with listening_to(f"{url}/SESS-1", started["session_token"]) as page:
                assert (await site.post("/session/SESS-1/end", **mine)).is_success
                said = [json.loads(message) async for message in page]
                assert (said[-1]["status"], page.close_code) == ("ended", 1000)
            for opened in (f"{url}/SESS-1?ticket={ticket}", f"{url}/SESS-1"):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(opened, proxy=None, additional_headers=mine["headers"])
                assert refused.value.response.status_code == 401
        for path in ("end", "ws-ticket", "acknowledge"):
            answer = await site.post(f"/session/SESS-1/{path}", **mine)
            assert await answered(answer) == (401, "session-ended"), path
        assert await answered(await site.get("/session/SESS-1", **mine)) == (401, "session-ended")
        assert (await site.get("/session/SESS-1", **own(site))).json()["status"] == "ended"

    on_site(test)


@pytest.mark.parametrize("code", ["session-ended", "session-expired"])
def test_after_its_end_a_session_gives_no_ticket_and_takes_no_acknowledgement(
    on_sqlite: OnSite, code: str
) -> None:
    async def test(site: Site) -> None:
        await site.started(acknowledged=None)
        expires = datetime.fromisoformat((await site.get("/session/SESS-1")).json()["session_expires_at"])
        if code == "session-ended":
            assert (await site.post("/session/SESS-1/end")).is_success
        else:
            site.at(expires + timedelta(seconds=1))
        purposes = ["camera-monitoring", "identity-verification", "speech-detection"]
        body = {"notice_version": VERSION, "purposes": purposes}
        for ticket in ({"headers": site.bearer()}, own(site)):
            assert await answered(await site.post("/session/SESS-1/ws-ticket", **ticket)) == (410, code)
        assert await answered(await site.post("/session/SESS-1/acknowledge", body, **own(site))) == (
            410,
            code,
        )
        assert (await site.get("/consents/CAND-1")).json()["items"] == []

    on_sqlite(test)


def test_an_expired_session_s_token_is_dead_and_comes_back_with_more_time(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        mine = bearing((await site.started(metadata={"exam_duration_minutes": 5}))["session_token"])
        expires = datetime.fromisoformat((await site.get("/session/SESS-1")).json()["session_expires_at"])
        more = await site.post("/session/SESS-1/extra-time", {"reason": "The alarm rang.", "minutes": 5})
        assert more.is_success
        site.at(expires)
        assert (await site.get("/session/SESS-1", **mine)).is_success
        later = datetime.fromisoformat((await site.get("/session/SESS-1")).json()["session_expires_at"])
        site.at(later + timedelta(seconds=1))
        assert await answered(await site.get("/session/SESS-1", **mine)) == (401, "session-expired")

    on_sqlite(test)


def test_a_session_claim_is_for_candidates_of_a_session_that_exists(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session = UUID((await site.started())["session_uuid"])
        for role, session_id in ((Role.ADMIN, session), (Role.CANDIDATE, UUID(int=0))):
            who = {"headers": site.bearer(role, "CAND-1", session_id=session_id)}
            assert await answered(await site.get("/session/SESS-1", **who)) == (401, "token-invalid")

    on_sqlite(test)


def test_terminated_is_final_for_the_exam_until_staff_start_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await with_exams(site)
        await site.started("SESS-0", exam_id="EXAM-2")
        first, second = await site.started("SESS-1"), await site.started("SESS-2")
        assert (await site.post("/session/SESS-1/terminate", REASON)).is_success
        for started in (first, second):  # the other one of this exam ended with it
            answer = await site.get(f"/session/{started['session_id']}", **bearing(started["session_token"]))
            assert await answered(answer) == (401, "session-ended")
        assert (await site.get("/session/SESS-0")).json()["status"] == "active"
        told = (await site.get("/session/SESS-2/timeline")).json()["items"]
        assert [item["event_type"] for item in told][-2:] == ["PROCTOR_TERMINATE", "SESSION_ENDED"]

        refused = await site.post("/session/start", OWN_START, **own(site))
        assert await answered(refused) == (409, "exam-terminated")
        assert "terminated" in refused.json()["detail"]
        again = await site.started("SESS-3")  # by staff
        assert (await site.get("/session/SESS-3", **bearing(again["session_token"]))).is_success
        assert (await site.post("/session/SESS-3/end")).is_success
        assert await answered(await site.post("/session/start", OWN_START, **own(site))) == (
            409,
            "exam-terminated",
        )
        other = OWN_START | {"exam_id": "EXAM-2"}
        assert (await site.post("/session/start", other, **own(site))).status_code == 201

    on_site(test)


def test_a_session_that_was_handed_in_may_be_started_again_by_its_candidate(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await with_exams(site)
        mine = bearing((await site.started())["session_token"])
        assert (await site.post("/session/SESS-1/end", **mine)).is_success
        assert (await site.post("/session/start", OWN_START, **own(site))).status_code == 201

    on_sqlite(test)


def test_a_start_that_is_under_way_while_the_exam_is_terminated_fails(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await with_exams(site)
        await site.started()

        def terminated_meanwhile(session_id: UUID) -> SessionAccepted:
            end(site.parts.database, "SESS-1", terminated=True)
            return accepted(session_id)

        site.node.accept = terminated_meanwhile
        refused = await site.post("/session/start", OWN_START, **own(site))
        assert await answered(refused) == (409, "exam-terminated")
        assert [one.session_id for one in site.node.obeyed.ended] == [site.node.obeyed.started[-1].session_id]

    on_site(test)


class EndingRooms(Rooms):
    """Where a session ends in the moment in which a listener enters."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def enter(self, listener: Listener) -> None:
        end(self._database, listener.reference, terminated=False)
        super().enter(listener)


def test_a_socket_does_not_slip_in_while_its_session_ends(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        site.parts.rooms = EndingRooms(site.parts.database)
        async with served(site) as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{url}/SESS-1", proxy=None, **listening(started["session_token"]))
            assert refused.value.response.status_code == 410
        assert site.parts.rooms.listeners == 0  # its place is free again

    on_sqlite(test)


def test_a_ticket_dies_with_the_token_that_asked_for_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        made = (await site.post("/tokens", {"subject": "eve", "role": "proctor"})).json()
        asked = await site.post("/session/SESS-1/ws-ticket", **bearing(made["token"]))
        ticket = asked.json()["ticket"]
        await site.http.delete(f"/api/v1/tokens/{made['token_id']}", headers=site.bearer())
        async with served(site) as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{url}/SESS-1?ticket={ticket}", proxy=None)
            assert refused.value.response.status_code == 401

    on_sqlite(test)


def listening(token: str) -> dict[str, Any]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


def end(database: Database, reference: str, *, terminated: bool) -> None:
    def ended(db: Session) -> None:
        session = db.exec(select(ExamSession).where(ExamSession.reference == reference)).one()
        session.ended_utc = datetime.now(UTC)
        session.terminated_utc = session.ended_utc if terminated else None

    with database.write() as db:
        ended(db)
