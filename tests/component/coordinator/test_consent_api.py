"""Consents over REST, and what they do to a session's start."""

from uuid import UUID

from coordinator.sessions.notice import VERSION
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.exams import made, put


def test_a_consent_taken_back_stops_the_next_start_and_names_what_still_runs(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started(acknowledged=None)
        mine = site.bearer(Role.CANDIDATE, "CAND-1")
        no = {"given": False, "text_version": "2026-11", "language": "de-AT", "confirm": True}
        path = "/consents/CAND-1/identity-verification"
        said = await put(site, path, no, headers=mine)
        assert said["running_sessions"] == ["SESS-1"]
        assert (await put(site, path, no, headers=mine))["consent"] == said["consent"]
        body = {"candidate_id": "CAND-1", "exam_id": "EXAM-1", "allow_unregistered": True}
        refused = await site.post("/session/start", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "consent-withdrawn")
        without = await site.post("/session/start", body | {"features_enabled": {"face_verification": False}})
        assert without.status_code == 201
        await put(site, path, no | {"given": True}, headers=mine)
        assert (await site.post("/session/start", body)).status_code == 201
        history = (await site.get("/consents/CAND-1/history", headers=mine)).json()["items"]
        assert [(word["given"], word["recorded_by"]) for word in history] == [
            (True, "CAND-1"),
            (False, "CAND-1"),
        ]

    on_site(test)


def test_who_is_not_known_here_consents_itself_or_is_named_by_staff_on_purpose(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        yes = {"given": True, "text_version": "1"}
        path = "/consents/CAND-7/speech-transcription"
        refused = await put(site, path, yes, 404)
        assert refused["code"] == "candidate-unknown"
        theirs = site.bearer(Role.CANDIDATE, "CAND-7")
        named = await put(site, path, yes | {"allow_unregistered": True}, 403, headers=theirs)
        assert named["code"] == "staff-only"
        assert (await put(site, path, yes, headers=theirs))["consent"]["given"] is True
        other = "/consents/CAND-8/speech-transcription"
        assert (await put(site, other, yes | {"allow_unregistered": True}))["consent"]["given"] is True

    on_sqlite(test)


def test_what_was_acknowledged_in_a_session_counts_as_said(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        mine = site.bearer(Role.CANDIDATE, "CAND-1", session_id=UUID(started["session_uuid"]))
        purposes = ["camera-monitoring", "identity-verification", "speech-detection"]
        body = {"notice_version": VERSION, "purposes": purposes}
        assert (await site.post("/session/SESS-1/acknowledge", body, headers=mine)).status_code == 204
        consents = (await site.get("/consents/CAND-1", headers=mine)).json()["items"]
        assert [(word["purpose"], word["basis"], word["given"]) for word in consents] == [
            (purpose, "acknowledgement", True) for purpose in purposes
        ]
        unknown = await site.get("/consents/CAND-9")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "candidate-unknown")

    on_site(test)


def test_speech_is_recognised_only_where_policy_and_candidate_agree(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site, policy={"features": {"speech_transcription": True}})
        yes = {"given": True, "text_version": "1", "allow_unregistered": True}
        await put(site, "/consents/CAND-1/speech-transcription", yes)
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        await site.started("SESS-3", "CAND-1", features_enabled={"speech_transcription": False})
        told = [order.policy.candidate for order in site.node.obeyed.started]
        assert [bool(terms and terms.speech_opt_in) for terms in told] == [True, False, False]

    on_sqlite(test)
