"""A candidate takes back that its words are recognised: at once, on its node, whatever goes on meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.candidates import service as candidates
from coordinator.consents import service as consents
from coordinator.excerpts import service as excerpts
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.changing.telling import mend
from coordinator.sessions.service import find
from coordinator.sessions.starting.assignment import start_session, stored_facts, view_of
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.api.exams import ConsentRequest
from shared.consents import Purpose
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import SessionAccepted, StartSession
from shared.tokens import Role
from tests.support.as_ordered import heard
from tests.support.exam_site import OnSite, Site
from tests.support.excerpts import ASKED, NO, YES
from tests.support.node_answers import Refusal, accepted

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

SPEECH = "speech-transcription"


async def said(site: Site, word: dict[str, object], candidate: str = "CAND-1") -> list[str]:
    """What is answered: the sessions that run."""
    path = f"/api/v1/consents/{candidate}/{SPEECH}"
    mine = site.bearer(Role.CANDIDATE, candidate)
    answer = await site.http.put(path, json=word, headers=mine)
    assert answer.status_code == 200, answer.text
    running: list[str] = answer.json()["running_sessions"]
    return running


async def begun(site: Site, reference: str = "SESS-1", candidate: str = "CAND-1") -> StartSession:
    """A session that listens for phrases, as its node was told to start it."""
    await said(site, YES, candidate)
    await site.started(reference, candidate, policy=ASKED)
    order = site.node.obeyed.newest
    assert order.policy.recognises_speech
    return order


async def mended(site: Site, *states: SessionState) -> list[StartSession]:
    """What the node is told in three rounds in which it says this."""
    before, differed = len(site.node.obeyed.changed), set[UUID]()
    for _ in range(3):
        site.node.sessions = states
        await site.node.beat()
        differed = await mend(site.parts, differed)
    return site.node.obeyed.changed[before:]


def test_its_node_stops_listening_and_other_candidates_go_on(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        order = await begun(site)
        await begun(site, "SESS-2", "CAND-2")
        assert await said(site, NO) == ["SESS-1"]
        [told] = site.node.obeyed.changed
        assert (told.session_id, told.epoch) == (order.session_id, order.epoch)
        assert (told.policy.recognises_speech, told.transcript_key) == (False, None)
        assert told.policy.model_copy(update={"candidate": None}) == order.policy.model_copy(
            update={"candidate": None}
        )
        # A yes afterwards is for sessions to come; a node that restarts is told the same again.
        await said(site, YES)
        assert len(site.node.obeyed.changed) == 1
        with site.parts.database.read() as db:
            facts = stored_facts(db, site.parts.keys, find(db, DEFAULT_TENANT_ID, "SESS-1"))
            again = start_session(facts, view_of(site.parts, site.node.node_id), datetime.now(UTC))
        assert (again.policy.recognises_speech, again.transcript_key) == (False, None)

    on_site(test)


def test_a_node_that_did_not_hear_of_it_is_told_again(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        order, other = await begun(site), await begun(site, "SESS-2", "CAND-2")
        hearing = heard(order, hears_phrases=True), heard(other, hears_phrases=True)
        assert await mended(site, *hearing) == []
        site.node.refusal = Refusal("unavailable", "node-unavailable", 503, "busy")
        await said(site, NO)
        site.node.refusal = None
        told = await mended(site, *hearing)
        assert {(one.session_id, one.policy.recognises_speech) for one in told} == {(order.session_id, False)}
        assert await mended(site, heard(order, hears_phrases=False), hearing[1]) == []

    on_sqlite(test)


def living(site: Site) -> list[Key]:
    """The transcript keys that still open something."""
    with site.parts.database.read() as db:
        wanted = select(Key).where(Key.retention_class == RetentionClass.TRANSCRIPT)
        return [key for key in db.exec(wanted) if key.wrapped is not None]


def test_a_running_sessions_policy_without_recognition_takes_what_was_said_along(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        others = {**ASKED, "phrases": ["number seven"]}
        without: dict[str, object] = {}
        for based_on, policy, keys in ((1, others, 1), (2, without, 0)):
            body = {"policy": policy, "reason": "The exam's board decided.", "based_on": based_on}
            path = "/api/v1/session/SESS-1/policy"
            answer = await site.http.put(path, json=body, headers=site.bearer())
            assert answer.status_code == 200, answer.text
            assert len(living(site)) == keys
        back = {"policy": ASKED, "reason": "No, they did not.", "based_on": 3}
        answer = await site.http.put(path, json=back, headers=site.bearer())
        assert (answer.status_code, answer.json()["code"]) == (409, "purposes-grow")

    on_site(test)


def test_one_session_that_cannot_be_read_does_not_keep_the_others_from_being_mended(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        order, damaged = await begun(site), await begun(site, "SESS-2", "CAND-2")
        site.node.refusal = Refusal("unavailable", "node-unavailable", 503, "busy")
        await said(site, NO)
        site.node.refusal = None
        with site.parts.database.write() as db:
            row = db.get_one(ExamSession, damaged.session_id)
            row.details_sealed = b"not what it was"
        told = await mended(site, heard(damaged, hears_phrases=True), heard(order, hears_phrases=True))
        assert {one.session_id for one in told} == {order.session_id}

    on_sqlite(test)


def test_nobody_agrees_for_somebody_else(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await said(site, YES, "CAND-2")
        path = f"/api/v1/consents/CAND-1/{SPEECH}"
        theirs = site.bearer(Role.CANDIDATE, "CAND-2")
        assert (await site.http.put(path, json=YES, headers=theirs)).status_code == 403
        await site.started(policy=ASKED)
        order = site.node.obeyed.newest
        assert (order.policy.recognises_speech, order.transcript_key, living(site)) == (False, None, [])

    on_sqlite(test)


def test_other_purposes_leave_the_phrases_alone(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        path = "/api/v1/consents/CAND-1/impersonation-search"
        mine = site.bearer(Role.CANDIDATE, "CAND-1")
        assert (await site.http.put(path, json=NO, headers=mine)).status_code == 200
        assert site.node.obeyed.changed == []

    on_sqlite(test)


@pytest.mark.parametrize("word", [YES, NO])
def test_a_session_that_starts_meanwhile_is_not_started_on_an_agreement_that_is_gone(
    on_site: OnSite, word: dict[str, object]
) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        given = ConsentRequest.model_validate(word)

        def accept(session_id: UUID) -> SessionAccepted:
            # The node has said yes and nothing is stored yet.
            now = datetime.now(UTC)
            with site.parts.database.write() as db:
                candidate = candidates.get_or_make(db, DEFAULT_TENANT_ID, "CAND-1", now, may_be_new=True)
                consents.record(
                    db, candidate, Purpose.SPEECH_TRANSCRIPTION, given, recorded_by="CAND-1", now_utc=now
                )
                if not given.given:
                    excerpts.forget_all_of(db, candidate, now)
            return accepted(session_id)

        site.node.accept = accept
        body = {
            "exam_session_id": "SESS-9",
            "candidate_id": "CAND-1",
            "exam_id": "EXAM-1",
            "policy": ASKED,
            "allow_unregistered": True,
        }
        answer = await site.post("/session/start", body)
        with site.parts.database.read() as db:
            stored = [row.reference for row in db.exec(select(ExamSession))]
        alive = living(site)
        if given.given:
            assert (answer.status_code, len(alive), len(stored)) == (201, 2, 2)
        else:
            assert (answer.status_code, answer.json()["code"]) == (503, "consent-changed")
            assert (alive, stored) == ([], ["SESS-1"])
            assert [one.session_id for one in site.node.obeyed.ended] == [site.node.obeyed.newest.session_id]
            site.node.accept = accepted
            assert (await site.post("/session/start", body)).status_code == 201
            assert site.node.obeyed.newest.transcript_key is None

    on_site(test)
