"""What a node is told of a session: the same when it starts, is started again, and is changed."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.tables import Assignment
from coordinator.sessions import service as sessions
from coordinator.sessions.changing import telling
from coordinator.sessions.starting.again import resume
from coordinator.sessions.starting.assignment import start_session, stored_facts, view_of
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.messages.message import parse
from shared.messages.sessions import StartSession
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.excerpts import ASKED, YES


async def started(site: Site) -> StartSession:
    """A session with all there is: templates, something agreed, a transcript key, a signer of its own."""
    assert (await site.post("/token-keys")).is_success
    assert (
        await site.post("/exams", {"exam_id": "EXAM-1", "title": "Mathematics", "policy": ASKED})
    ).is_success
    agreed = {"accommodation": {"muted": ["LEFT_FRAME"]}, "allow_unregistered": True}
    path = "/api/v1/exams/EXAM-1/accommodations/CAND-1"
    assert (await site.http.put(path, json=agreed, headers=site.bearer())).is_success
    mine = site.bearer(Role.CANDIDATE, "CAND-1")
    path = "/api/v1/consents/CAND-1/speech-transcription"
    assert (await site.http.put(path, json=YES, headers=mine)).is_success
    assert (await site.post("/enroll", enroll_body())).status_code == 201
    await site.started()
    order = site.node.obeyed.newest
    assert order.templates
    assert order.transcript_key
    assert order.policy.candidate
    assert order.token_key != site.parts.keys.token_text
    return order


def found(site: Site) -> sessions.Found:
    with site.parts.database.read() as db:
        return sessions.find(db, DEFAULT_TENANT_ID, "SESS-1")


def from_the_start(site: Site) -> StartSession:
    """What would be told at the session's first instant from what is stored now, as it is on the wire."""
    with site.parts.database.read() as db:
        one = sessions.find(db, DEFAULT_TENANT_ID, "SESS-1")
        half = view_of(site.parts, site.node.node_id)
        order = start_session(stored_facts(db, site.parts.keys, one), half, one.session.started_utc)
    return parse(StartSession, order.model_dump_json().encode())


def timeless(order: StartSession) -> StartSession:
    return order.model_copy(update={"elapsed_s": 0.0})


def test_start_resume_and_change_tell_the_same(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first = await started(site)
        assert from_the_start(site) == first
        assert await resume(site.parts, found(site))
        assert await telling.tell(site.parts, found(site).session)
        again, changed = site.node.obeyed.newest, site.node.obeyed.changed[-1]
        assert timeless(again) == timeless(changed) == first

    on_site(test)


def test_they_go_on_telling_the_same_when_it_was_paused_and_handed_over(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first = await started(site)
        paused = await site.post("/session/SESS-1/pause", {"reason": "The fire alarm went off."})
        assert paused.status_code == 200

        def back_to_itself(db: Session) -> None:
            former = db.get_one(Assignment, (first.session_id, 1))
            assignments.hand_over(db, former, former.node_id, datetime.now(UTC))

        await site.parts.writing(back_to_itself)
        assert await resume(site.parts, found(site))
        assert await telling.tell(site.parts, found(site).session)
        again, changed = site.node.obeyed.newest, site.node.obeyed.changed[-1]
        later = {"epoch": 2, "paused": True, "expires_utc": again.expires_utc}
        assert timeless(again) == timeless(changed) == first.model_copy(update=later)
        assert again.expires_utc > first.expires_utc

    on_site(test)
