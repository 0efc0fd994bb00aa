"""Sessions over REST, with a node beside it that obeys."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from coordinator.candidates.tables import Candidate
from coordinator.keys.tables import Key
from coordinator.sessions.answers import status_of, webrtc_config
from coordinator.sessions.binding import check_number
from coordinator.sessions.notice import VERSION, notice_for
from coordinator.sessions.sweeping import sweep
from coordinator.sessions.tables import ExamSession, JoinCode
from coordinator.web_api.examples import EXAMPLES
from coordinator.web_api.limits import JOIN_FAILURE_RATE
from shared.ice import IceServer
from shared.policy.schema import Policy
from shared.rates import Buckets, Rate
from shared.tokens import Audience, Role, verify
from tests.support.devices import Device, code_of
from tests.support.exam_site import AD_HOC, PUBLIC_URL, OnSite, Site, enroll_body
from tests.support.node_answers import Refusal, watching

SEED_REQUEST = EXAMPLES["SessionStartRequest"]


async def rows(site: Site) -> int:
    """Rows that starting a session makes, in every table it touches."""
    tables = (Candidate, Key, ExamSession, JoinCode)
    return await site.parts.reading(lambda db: sum(len(db.exec(select(table)).all()) for table in tables))


async def timeline(site: Site, reference: str = "SESS-1") -> list[str]:
    response = await site.get(f"/session/{reference}/timeline")
    assert response.status_code == 200, response.text
    return [item["event_type"] for item in response.json()["items"]]


def test_candidates_are_told_each_address_of_a_turn_server_with_its_password() -> None:
    servers = (IceServer(("stun:a",)), IceServer(("turn:b", "turns:b"), "exam", "sesame"))
    told = webrtc_config(servers).model_dump()["ice_servers"]
    assert [tuple(server.values()) for server in told] == [
        ("stun:a", None, None),
        ("turn:b", "exam", "sesame"),
        ("turns:b", "exam", "sesame"),
    ]


@pytest.mark.parametrize(
    ("ended", "expires_in_s", "status"),
    [
        (False, 1, "active"),
        (False, 0, "expired"),
        (False, -1, "expired"),
        (True, 1, "ended"),
        (True, -1, "ended"),
    ],
)
def test_a_session_is_active_until_it_ends_or_expires(ended: bool, expires_in_s: int, status: str) -> None:
    now = datetime.now(UTC)
    session: Any = SimpleNamespace(
        ended_utc=now if ended else None, expires_utc=now + timedelta(seconds=expires_in_s)
    )
    assert status_of(session, now) == status


def test_the_seeds_request_starts_a_session_on_the_node(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        exam = {"exam_id": SEED_REQUEST["exam_id"], "title": "Computer Science 101"}
        assert (await site.post("/exams", exam)).is_success
        agreed = {"given": True, "text_version": "1", "allow_unregistered": True}
        path = f"/consents/{SEED_REQUEST['candidate_id']}/camera-monitoring"
        assert (await site.http.put(f"/api/v1{path}", json=agreed, headers=site.bearer())).is_success
        response = await site.post("/session/start", SEED_REQUEST)
        assert response.status_code == 201, response.text
        answer = response.json()
        reference = "SESS-EXAM-CS101-CAND-12345"
        assert (answer["status"], answer["session_id"]) == ("active", reference)
        assert answer["websocket_url"] == f"ws://127.0.0.1:8000/ws/{reference}"
        assert answer["identity"] == "unavailable"
        assert answer["webrtc_config"]["audio_constraints"]["noiseSuppression"] is False
        (told,) = site.node.obeyed.started
        assert str(told.session_id) == answer["session_uuid"]
        assert told.policy.sensitivity == "high"
        assert answer["signaling_url"].endswith(answer["session_uuid"])
        claims = verify(answer["session_token"], site.parts.keys.token.public_key(), audience=Audience.EDGE)
        assert (claims.subject, claims.session_id) == ("CAND-2024-12345", told.session_id)
        assert told.token_key == site.parts.keys.token_text
        assert await timeline(site, reference) == ["SESSION_STARTED"]

    on_site(test)


def test_a_refused_start_leaves_no_trace(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        body = AD_HOC
        bad: list[tuple[dict[str, Any], str, str]] = [
            ({"policy": {"mismatch_chekcs": 3}}, "policy-invalid", "mismatch_chekcs"),
            ({"policy": {"rules": {"STRESS": {}}}}, "policy-invalid", "rules.STRESS"),
            ({"verification_policy": {"mood": 1}}, "invalid-request", "body.verification_policy.mood"),
            ({"features_enabled": {"emotion": True}}, "invalid-request", "body.features_enabled.emotion"),
            ({"metadata": {"exam_duration_minutes": -1}}, "invalid-request", "exam_duration_minutes"),
            ({"exam_id": "E\x00"}, "invalid-request", "body.exam_id"),
            ({"exam_session_id": "a/b"}, "invalid-request", "body.exam_session_id"),
        ]
        for fields, code, named in bad:
            response = await site.post("/session/start", body | fields)
            assert (response.status_code, response.json()["code"]) == (422, code), fields
            assert named in response.text
        site.node.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        full = await site.post("/session/start", body)
        assert (full.status_code, full.json()["code"]) == (503, "node-full")
        assert f"campus {site.node.node_id} (limit 10)" in full.json()["detail"]
        assert site.node.obeyed.started == []
        assert await rows(site) == 0

    on_site(test)


def test_an_exam_and_a_candidate_that_nobody_knows_are_refused(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        body = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}

        async def refused(change: dict[str, Any], **who: Any) -> tuple[int, str]:
            answer = await site.post("/session/start", body | change, **who)
            return answer.status_code, answer.json()["code"]

        assert await refused({}) == (422, "exam-unknown")
        assert await refused({}, **mine) == (422, "exam-unknown")
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        assert await refused({}) == (422, "candidate-unknown")
        assert await refused({"allow_unregistered": True}, **mine) == (403, "staff-only")
        assert await rows(site) == 0
        assert (await site.post("/enroll", enroll_body())).is_success
        assert await refused({"candidate_id": "CAND-l"}) == (422, "candidate-unknown")
        assert await refused({"exam_id": "EXAM-l"}) == (422, "exam-unknown")
        assert (await site.post("/session/start", body)).status_code == 201
        typo = body | {"exam_id": "EXAM-l", "candidate_id": "CAND-l", "allow_unregistered": True}
        assert (await site.post("/session/start", typo)).status_code == 201

    on_site(test)


def test_who_has_a_token_of_its_own_is_known_to_whoever_gave_it_out(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}
        start = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}
        assert (await site.post("/session/start", start, **mine)).status_code == 201

    on_sqlite(test)


def test_a_session_that_cannot_be_stored_is_ended_on_the_node(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        before = await rows(site)
        taken = await site.post(
            "/session/start", AD_HOC | {"exam_session_id": "SESS-1", "candidate_id": "C2", "exam_id": "E2"}
        )
        assert (taken.status_code, taken.json()["code"]) == (409, "session-exists")
        assert len(site.node.obeyed.started) == 1  # refused before the node was asked

        accept = site.node.accept

        def slip_in(session_id: UUID) -> Any:
            """Another request takes the id while the node is being asked."""
            with site.parts.database.write() as db:
                row = db.exec(select(ExamSession)).one()
                db.add(ExamSession(**{**row.model_dump(), "id": uuid4(), "reference": "SESS-2"}))
            return accept(session_id)

        site.node.accept = slip_in
        raced = await site.post(
            "/session/start", AD_HOC | {"exam_session_id": "SESS-2", "candidate_id": "C2", "exam_id": "E2"}
        )
        assert (raced.status_code, raced.json()["code"]) == (409, "session-exists")
        assert [end.session_id for end in site.node.obeyed.ended] == [site.node.obeyed.started[1].session_id]
        assert await rows(site) == before + 1  # the one that slipped in, and nothing of the refused one
        assert (await site.get("/session/SESS-1")).json()["session_uuid"] == started["session_uuid"]

    on_site(test)


def test_a_candidate_acts_on_its_own_session_only(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        own, others = await site.started("SESS-1", "CAND-1"), await site.started("SESS-2", "CAND-2")
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1", session_id=UUID(own["session_uuid"]))}
        assert (await site.get("/session/SESS-1", **mine)).status_code == 200
        for path in ("", "/end", "/ws-ticket"):
            call = site.get if path == "" else site.post
            refused = await call(f"/session/SESS-2{path}", **mine)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-yours"), path
        for path in ("/verify-frame",):
            refused = await site.post(f"/session/SESS-1{path}", **mine)
            assert (refused.status_code, refused.json()["code"]) == (403, "role-forbidden")
        assert (await site.get("/session/SESS-1/timeline", **mine)).status_code == 403
        strayed = {"headers": site.bearer(Role.CANDIDATE, "CAND-1", session_id=UUID(others["session_uuid"]))}
        assert (await site.get("/session/SESS-1", **strayed)).json()["code"] == "not-yours"
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        start = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-1")}  # a session's token starts none
        assert (await site.post("/session/start", start, **mine)).status_code == 201
        own_terms = start | {"verification_policy": {"face_match_threshold": 0.1}}
        refused = await site.post("/session/start", own_terms, **mine)
        assert (refused.status_code, refused.json()["code"]) == (403, "policy-not-yours")
        unknown = {"candidate_id": "CAND-1", "exam_id": "EXAM-l", "allow_unregistered": True}
        refused = await site.post("/session/start", unknown, **mine)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff-only")
        other = await site.post("/session/start", start | {"candidate_id": "CAND-2"}, **mine)
        assert (other.status_code, other.json()["code"]) == (403, "not-yours")

    on_sqlite(test)


def test_another_institutions_things_do_not_exist(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        await site.started()
        stranger = {"headers": site.bearer(tenant_id=await site.institution())}
        for path in ("/session/SESS-1", "/session/SESS-1/timeline", "/enrollments/CAND-1"):
            assert (await site.get(path, **stranger)).status_code == 404
        for path in ("/session/SESS-1/end", "/session/SESS-1/verify-frame", "/session/SESS-1/ws-ticket"):
            assert (await site.post(path, **stranger)).status_code == 404
        assert (await site.get("/alerts", **stranger)).json() == {"items": [], "next_cursor": None}
        [node] = (await site.get("/nodes", **stranger)).json()  # nodes are shared, what they watch is not
        assert node["sessions"] == 0
        assert (await site.get("/session/SESS-1")).json()["status"] == "active"

    on_site(test)


def test_tokens_are_asked_for_and_checked(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        expired = site.token(lifetime=timedelta(seconds=-60))
        cases = {
            "": "token-missing",
            "Bearer ": "token-missing",
            "Basic YTpi": "token-missing",
            "Bearer x": "token-invalid",
            f"Bearer {expired}": "token-expired",
            f"Bearer {site.token()[:-4]}AAAA": "token-invalid",
            "Bearer " + "x" * 5_000: "token-invalid",
        }
        for header, code in cases.items():
            response = await site.get("/session/SESS-1", headers={"Authorization": header})
            assert (response.status_code, response.json()["code"]) == (401, code), header[:20]

    on_sqlite(test)


def test_the_whole_way_from_link_to_hand_in(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        started = await site.started()
        url, _, code = started["join_url"].partition("#")
        assert url == f"{PUBLIC_URL}/join"
        page = await Device().joined(site, code)
        assert page["session_uuid"] == started["session_uuid"]
        bearer = {"headers": {"Authorization": f"Bearer {page['session_token']}"}}
        notice = page["notice"]
        acknowledged = {"notice_version": notice["version"], "purposes": notice["purposes"]}
        for _ in range(2):
            done = await site.post("/session/SESS-1/acknowledge", acknowledged, **bearer)
            assert done.status_code == 204, done.text
        handed_in = await site.post("/session/SESS-1/end", **bearer)
        again = await site.post("/session/SESS-1/end")
        assert handed_in.json() == again.json()
        assert [end.submitted for end in site.node.obeyed.ended] == [True]
        assert (await site.get("/session/SESS-1")).json()["status"] == "ended"
        assert await timeline(site) == [
            "ENROLLED", "SESSION_STARTED", "NOTICE_ACKNOWLEDGED", "SUBMITTED", "SESSION_ENDED",
        ]  # fmt: skip

    on_site(test)


def test_a_link_says_what_its_page_shows_before_the_exam_starts(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": "Biology"})).is_success
        started, mine = await site.started(acknowledged=None), Device()
        paused = await site.post("/session/SESS-1/pause", {"reason": "The fire alarm went off."})
        assert paused.is_success
        state = (await site.get("/session/SESS-1")).json()
        seen = await mine.look(site, code_of(started))
        webrtc = seen.pop("webrtc_config")
        assert webrtc == started["webrtc_config"] | {"ice_servers": []}
        assert seen == {
            "session_uuid": started["session_uuid"],
            "exam_title": "Biology",
            "notice": notice_for(Policy()).model_dump(),
            "how_it_works": f"/how-it-works?institution={site.home}",
            "device": "free",
            "challenge": "first",
            "check_number": check_number(mine.key),
            "not_acknowledged": ["camera-monitoring", "identity-verification", "speech-detection"],
            "paused_at": state["paused_at"],
            "join_url_expires_at": state["session_expires_at"],
        }
        page = await mine.joined(site, code_of(started))
        assert (page["exam_title"], page["paused_at"]) == ("Biology", state["paused_at"])
        nobody = (await site.post("/join/look", {"code": code_of(started)}, headers={})).json()
        assert (nobody["device"], nobody["check_number"], nobody["challenge"]) == ("elsewhere", None, None)
        # Whoever need not ask gets the same answer as by looking, and nobody is told.
        asked = (await mine.ask(site, code_of(started))).json()
        assert asked == await mine.look(site, code_of(started))
        assert asked["device"] == "yours"
        assert "SECOND_DEVICE" not in await timeline(site)

    on_sqlite(test)


def test_a_code_that_leads_nowhere_is_refused_and_none_is_stored(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        ended, late = [code_of(await site.started(f"SESS-{n}")) for n in range(2)]
        await site.post("/session/SESS-0/end")
        cases = [
            (ended, 410, "session-ended"),
            ("A" * 32, 404, "join-code-unknown"),
            ("short", 422, "invalid-request"),
            ("A" * 30 + "\x00\x00", 422, "invalid-request"),
        ]
        for path, more in (("/join", {}), ("/join/look", {}), ("/join/ask", {"device_key": Device().key})):
            for given, status, code in cases:
                response = await site.post(path, {"code": given, **more}, headers={})
                assert (response.status_code, response.json()["code"]) == (status, code), path
        site.at(datetime.now(UTC) + timedelta(hours=3, minutes=1))
        expired = await Device().ask(site, late)
        assert (expired.status_code, expired.json()["code"]) == (410, "session-expired")
        codes = await site.parts.reading(lambda db: db.exec(select(JoinCode)).all())
        assert not any(late.encode() in code.code_hash for code in codes)

    on_site(test)


def test_many_wrong_codes_from_a_hall_shut_out_nobody_there(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        codes = [(await site.started(f"SESS-{n}"))["join_url"].partition("#")[2] for n in range(3)]
        site.parts.rates.join_failures = Buckets(Rate(JOIN_FAILURE_RATE.burst, per_s=0.000_001))
        wrong = {"code": "A" * 32}
        found = Counter([(await site.post("/join", wrong, headers={})).status_code for _ in range(30)])
        assert found == {404: 10, 429: 20}
        guesses = [{"code": f"{n:04}" + "x" * 28} for n in range(420)]
        found = Counter([(await site.post("/join", guess, headers={})).status_code for guess in guesses])
        assert found == {404: 420}
        for code in codes:
            await Device().joined(site, code)
        refused = await site.post("/join", wrong, headers={})
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert int(refused.headers["Retry-After"]) >= 1

    on_site(test)


def test_a_dead_code_that_is_tried_for_ever_is_refused_before_the_database(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        body = {"code": code_of(await site.started())}
        await site.post("/session/SESS-1/end")
        site.parts.rates.join_failures = Buckets(Rate(JOIN_FAILURE_RATE.burst, per_s=0.000_001))
        found = [(await site.post("/join", body, headers={})).status_code for _ in range(15)]
        assert found == [*10 * [410], *5 * [429]]

    on_sqlite(test)


def test_only_the_candidate_acknowledges_and_only_what_it_was_shown(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        mine = site.bearer(Role.CANDIDATE, "CAND-1", session_id=UUID(started["session_uuid"]))
        purposes = ["camera-monitoring", "identity-verification", "speech-detection"]
        cases = [
            (site.bearer(Role.ADMIN), {"notice_version": "x", "purposes": []}, 403, "role-forbidden"),
            (mine, {"notice_version": "1999", "purposes": purposes}, 409, "notice-outdated"),
            (mine, {"notice_version": VERSION, "purposes": purposes[:1]}, 422, "purposes-differ"),
        ]
        for headers, body, status, code in cases:
            response = await site.post("/session/SESS-1/acknowledge", body, headers=headers)
            assert (response.status_code, response.json()["code"]) == (status, code)
        assert await timeline(site) == ["SESSION_STARTED"]

    on_sqlite(test)


@pytest.mark.usefixtures("rounds_by_hand")
def test_a_candidate_can_hand_in_while_the_node_is_away_and_the_node_hears_of_it_later(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        site.node.refusal = Refusal("unavailable", "node-failed", 503, "the node failed")
        ended = await site.post("/session/SESS-1/end")
        assert ended.status_code == 200
        assert (await site.get("/session/SESS-1")).json()["status"] == "ended"
        site.node.refusal = None
        site.node.sessions = (watching(UUID(started["session_uuid"])), watching(uuid4()))
        await site.node.beat()
        unknown = await sweep(site.parts, set())
        assert [end.session_id for end in site.node.obeyed.ended] == [UUID(started["session_uuid"])]
        await sweep(site.parts, unknown)  # the other one has had its time to become known
        assert {end.session_id for end in site.node.obeyed.ended} == {
            one.session_id for one in site.node.sessions
        }

    on_sqlite(test)
