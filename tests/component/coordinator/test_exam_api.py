"""Exams, their policies, accommodations and consents over REST, and what they do to a session's start."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.exams.tables import Exam
from coordinator.idempotency.tables import KeptAnswer
from coordinator.sessions.notice import VERSION
from coordinator.sessions.resume import resume
from coordinator.sessions.service import find
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events import EventType
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body

EXAM: dict[str, Any] = {
    "exam_id": "EXAM-1",
    "title": "Computer Science 101",
    "metadata": {"room": "A7"},
    "policy": {"mismatch_checks": 6, "rules": {"FACE_MISMATCH": {"threshold": 0.8}}},
}
ROUTES = (
    ("POST", "/exams", EXAM | {"exam_id": "EXAM-2"}),
    ("GET", "/exams", None),
    ("GET", "/exams/EXAM-1", None),
    ("PUT", "/exams/EXAM-1", {"title": "Another"}),
    ("POST", "/exams/EXAM-1/policies", {"policy": {}, "reason": "test"}),
    ("GET", "/exams/EXAM-1/policies", None),
    ("GET", "/exams/EXAM-1/policy", None),
    ("GET", "/exams/EXAM-1/policies/1", None),
    ("GET", "/exams/EXAM-1/policy-diff?before=1&after=1", None),
    ("GET", "/exams/EXAM-1/accommodations", None),
    ("PUT", "/exams/EXAM-1/accommodations/CAND-1", {"extra_minutes": 5}),
    ("GET", "/exams/EXAM-1/accommodations/CAND-1", None),
    ("GET", "/consents/CAND-1", None),
    ("GET", "/consents/CAND-1/history", None),
    ("PUT", "/consents/CAND-1/camera-monitoring", {"given": True, "text_version": "1"}),
    ("DELETE", "/exams/EXAM-1/accommodations/CAND-1", None),
)
STAFF_READS = {1, 2, 5, 6, 7, 8}
PRIVACY_READS = {9, 11, 12, 13, 14}
OWN = {11, 12, 13, 14}
MAY = {
    Role.ADMIN: set(range(len(ROUTES))),
    Role.SYSTEM: set(range(len(ROUTES))),
    Role.PROCTOR: STAFF_READS,
    Role.DPO: STAFF_READS | PRIVACY_READS,
    Role.CANDIDATE: OWN,
}
"""Which of the routes each role may use; a candidate for itself."""


async def call(site: Site, number: int, headers: dict[str, str]) -> int:
    method, path, body = ROUTES[number]
    answer = await site.http.request(method, f"/api/v1{path}", json=body, headers=headers)
    return answer.status_code


async def made(site: Site, **changes: Any) -> dict[str, Any]:
    answer = await site.post("/exams", EXAM | changes)
    assert answer.status_code == 201, answer.text
    exam: dict[str, Any] = answer.json()
    return exam


async def put(site: Site, path: str, body: Any, status: int = 200, **options: Any) -> Any:
    options.setdefault("headers", site.bearer())
    answer = await site.http.put(f"/api/v1{path}", json=body, **options)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_exam_is_made_changed_and_found(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        exam = await made(site, opens_at="2026-12-01T08:00:00Z", closes_at="2026-12-01T12:00:00+01:00")
        assert (exam["policy_version"], exam["closes_at"]) == (1, "2026-12-01T11:00:00.000Z")
        assert (await site.get("/exams/EXAM-1")).json() == exam
        changed = await put(site, "/exams/EXAM-1", {"title": "CS 101 again"})
        assert (changed["title"], changed["opens_at"], changed["metadata"]) == ("CS 101 again", None, {})
        again = await site.post("/exams", EXAM)
        assert (again.status_code, again.json()["code"]) == (409, "exam-exists")
        await made(site, exam_id="EXAM-2", opens_at="2026-12-02T08:00:00Z")
        open_then = await site.get("/exams", params={"open_at": "2026-12-01T09:00:00Z"})
        assert [item["exam_id"] for item in open_then.json()["items"]] == ["EXAM-1"]

    on_site(test)


def test_exams_come_page_by_page_the_newest_first(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        for number in range(5):
            await made(site, exam_id=f"EXAM-{number}")
        found, cursor = [], None
        for _ in range(3):
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await site.get("/exams", params=params)).json()
            found += [item["exam_id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == [f"EXAM-{number}" for number in (4, 3, 2, 1, 0)]
        assert cursor is None

    on_site(test)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"exam_id": "a/b"}, "body.exam_id"),
        ({"title": "a\x00b"}, "body.title"),
        ({"metadata": {"deep": [{"a": "b\x00"}]}}, "body.metadata"),
        ({"closes_at": "2026-12-01T08:00:00Z", "opens_at": "2026-12-01T09:00:00Z"}, "body"),
        ({"surprise": 1}, "body.surprise"),
        ({"policy": {"mismatch_chekcs": 2}}, "mismatch_chekcs"),
        ({"policy": {"rules": {"STRESS": {}}}}, "rules.STRESS"),
        ({"policy": {"candidate": {}}}, "candidate"),
    ],
)
def test_a_wrong_exam_is_refused_by_its_field_and_not_made(
    on_sqlite: OnSite, changes: dict[str, Any], path: str
) -> None:
    async def test(site: Site) -> None:
        refused = await site.post("/exams", EXAM | changes)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["path"].startswith(path)
        assert await site.parts.reading(lambda db: db.exec(select(Exam)).all()) == []

    on_sqlite(test)


def test_a_policy_counts_its_versions_and_says_who_changed_what_and_why(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        change = {
            "policy": EXAM["policy"] | {"version": 99, "mismatch_checks": 9},
            "reason": "too many alerts",
        }
        second = await site.post("/exams/EXAM-1/policies", change, headers=site.bearer(subject="alice"))
        assert second.status_code == 201, second.text
        assert (second.json()["version"], second.json()["policy"]["version"]) == (2, 2)
        late = await site.post("/exams/EXAM-1/policies", change | {"based_on": 1})
        assert (late.status_code, late.json()["code"]) == (409, "policy-changed")
        assert (await site.get("/exams/EXAM-1/policy")).json() == second.json()
        listed = (await site.get("/exams/EXAM-1/policies")).json()["items"]
        assert [(row["version"], row["changed_by"], row["reason"]) for row in listed] == [
            (2, "alice", "too many alerts"),
            (1, "someone", "made with the exam"),
        ]
        diff = (await site.get("/exams/EXAM-1/policy-diff", params={"before": 1, "after": 2})).json()
        assert diff["changes"] == [{"path": "mismatch_checks", "before": 6, "after": 9}]
        assert (await site.get("/exams/EXAM-1/policies/1")).json()["policy"]["mismatch_checks"] == 6
        unknown = await site.get("/exams/EXAM-1/policies/3")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "policy-unknown")
        assert (await site.get(f"/exams/EXAM-1/policies/{2**40}")).status_code == 422

    on_site(test)


def test_a_session_starts_under_the_version_in_force_and_keeps_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-0", "CAND-0")  # nobody has made the exam yet
        await made(site)
        await site.post("/exams/EXAM-1/policies", {"policy": {"mismatch_checks": 9}, "reason": "x"})
        started = await site.started()
        await site.post("/exams/EXAM-1/policies", {"policy": {"mismatch_checks": 12}, "reason": "y"})
        told = [(order.policy.version, order.policy.mismatch_checks) for order in site.node.obeyed.started]
        assert told == [(1, 4), (2, 9)]
        assert (await site.get("/session/SESS-1")).json()["policy_version"] == 2
        code = started["join_url"].partition("#")[2]
        joined = (await site.post("/join", {"code": code}, headers={})).json()
        assert joined["exam_title"] == "Computer Science 101"
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.started[-1].policy == site.node.obeyed.started[1].policy

    on_site(test)


def test_no_session_starts_after_the_exams_close_or_outlives_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        now = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
        await made(site, opens_at="2026-12-01T08:00:00Z", closes_at="2026-12-01T11:00:00Z")
        site.at(now)
        assert (await site.started())["session_expires_at"] == "2026-12-01T11:00:00.000Z"
        site.at(now + timedelta(hours=1))
        closed = await site.post("/session/start", {"candidate_id": "CAND-2", "exam_id": "EXAM-1"})
        assert (closed.status_code, closed.json()["code"]) == (409, "exam-closed")

    on_sqlite(test)


AGREED = {
    "accommodation": {"muted": ["GAZE_OFF_SCREEN"], "relaxed": {"FACE_NOT_FOUND": {"hold_factor": 3}}},
    "extra_minutes": 30,
}


def test_what_is_agreed_with_a_candidate_holds_in_its_sessions_alone(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site, closes_at="2099-01-01T00:00:00Z")
        agreed = await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        assert (agreed["version"], agreed["extra_minutes"]) == (1, 30)
        metadata = {"exam_duration_minutes": 60}
        mine = await site.started("SESS-1", "CAND-1", metadata=metadata)
        other = await site.started("SESS-2", "CAND-2", metadata=metadata)
        first, second = (order.policy for order in site.node.obeyed.started)
        assert first.rule(EventType.GAZE_OFF_SCREEN).enabled is False
        assert first.rule(EventType.FACE_NOT_FOUND).hold_s == 3 * second.rule(EventType.FACE_NOT_FOUND).hold_s
        assert second.candidate is None
        ends = [datetime.fromisoformat(answer["session_expires_at"]) for answer in (mine, other)]
        assert timedelta(minutes=29) < ends[0] - ends[1] < timedelta(minutes=31)
        found = await site.parts.reading(lambda db: find(db, DEFAULT_TENANT_ID, "SESS-1"))
        assert await resume(site.parts, found)
        assert site.node.obeyed.started[-1].policy == first

    on_site(test)


def test_what_is_agreed_is_nowhere_in_clear(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        await site.started()
        (session,) = await site.parts.reading(lambda db: db.exec(select(ExamSession)).all())
        (row,) = await site.parts.reading(lambda db: db.exec(select(AccommodationVersion)).all())
        assert session.policy["candidate"] is None
        assert b"GAZE" not in (row.terms_sealed or b"GAZE")
        assert b"GAZE" not in session.details_sealed

    on_sqlite(test)


def test_an_accommodation_is_listed_changed_and_taken_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        for candidate in ("CAND-1", "CAND-2", "CAND-3"):
            await put(site, f"/exams/EXAM-1/accommodations/{candidate}", AGREED)
        changed = await put(site, "/exams/EXAM-1/accommodations/CAND-1", {"extra_minutes": 5})
        assert (changed["version"], changed["accommodation"]["muted"]) == (2, [])
        gone = await site.http.delete("/api/v1/exams/EXAM-1/accommodations/CAND-2", headers=site.bearer())
        assert gone.status_code == 204
        first = (await site.get("/exams/EXAM-1/accommodations", params={"limit": 1})).json()
        rest = (
            await site.get("/exams/EXAM-1/accommodations", params={"cursor": first["next_cursor"]})
        ).json()
        listed = [(row["candidate_id"], row["extra_minutes"]) for row in first["items"] + rest["items"]]
        assert listed == [("CAND-3", 30), ("CAND-1", 5)]
        for candidate in ("CAND-2", "CAND-9"):
            unknown = await site.get(f"/exams/EXAM-1/accommodations/{candidate}")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "accommodation-unknown")

    on_site(test)


@pytest.mark.parametrize(
    ("accommodation", "path"),
    [
        ({"muted": ["CAMERA_BLOCKED"]}, "accommodation"),
        ({"muted": ["STRESS"]}, "muted.0"),
        ({"relaxed": {"FACE_MISMATCH": {"threshold": 0.99}}}, "relaxed.FACE_MISMATCH.threshold"),
        ({"mood": 1}, "mood"),
    ],
)
def test_an_accommodation_that_cannot_be_is_refused_with_its_path(
    on_sqlite: OnSite, accommodation: dict[str, Any], path: str
) -> None:
    async def test(site: Site) -> None:
        await made(site)
        body = {"accommodation": accommodation}
        refused = await put(site, "/exams/EXAM-1/accommodations/CAND-1", body, 422)
        assert (refused["code"], refused["errors"][0]["path"]) == ("accommodation-invalid", path)

    on_sqlite(test)


def test_a_consent_taken_back_stops_the_next_start_and_names_what_still_runs(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        mine = site.bearer(Role.CANDIDATE, "CAND-1")
        no = {"given": False, "text_version": "2026-11", "language": "de-AT"}
        path = "/consents/CAND-1/identity-verification"
        said = await put(site, path, no, headers=mine)
        assert said["running_sessions"] == ["SESS-1"]
        assert (await put(site, path, no, headers=mine))["consent"] == said["consent"]
        body = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}
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
        yes = {"given": True, "text_version": "1"}
        await put(site, "/consents/CAND-1/speech-transcription", yes)
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        await site.started("SESS-3", "CAND-1", features_enabled={"speech_transcription": False})
        told = [order.policy.candidate for order in site.node.obeyed.started]
        assert [bool(terms and terms.speech_opt_in) for terms in told] == [True, False, False]

    on_sqlite(test)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_its_own_and_nothing_else(on_sqlite: OnSite, role: Role) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        for number, (method, path, _) in enumerate(ROUTES):
            status = await call(site, number, site.bearer(role, "CAND-1"))
            allowed = number in MAY[role]
            assert (status < 300) is allowed, (role, method, path, status)
            assert allowed or status == 403

    on_sqlite(test)


def test_a_candidate_sees_nothing_of_another_one(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        for number in OWN:
            assert await call(site, number, site.bearer(Role.CANDIDATE, "CAND-2")) == 403

    on_sqlite(test)


def test_another_institutions_exams_do_not_exist(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        stranger = site.bearer(tenant_id=uuid4())
        for number, (method, path, _) in enumerate(ROUTES):
            if "EXAM-1" in path:
                assert await call(site, number, stranger) == 404, (method, path)
        assert (await site.get("/exams", headers=stranger)).json()["items"] == []
        assert (await site.get("/consents/CAND-1", headers=stranger)).status_code == 404

    on_site(test)


def test_a_repeated_request_is_answered_and_not_done_twice(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        key = {"Idempotency-Key": "2f1c0f52-3a64"} | site.bearer()
        start = {"candidate_id": "CAND-1", "exam_id": "EXAM-1"}
        change = {"policy": {}, "reason": "again"}
        for path, body in (
            ("/exams", EXAM),
            ("/exams/EXAM-1/policies", change),
            ("/session/start", start),
            ("/enroll", enroll_body()),
            ("/tokens", {"subject": "platform", "role": "system"}),
        ):
            answers = [await site.post(path, body, headers=key) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [201] * 3, answers[-1].text
            assert answers[0].json() == answers[1].json() == answers[2].json(), path
            other = await site.post(path, body | {"x": 1}, headers=key)
            assert other.status_code in (409, 422), path
        assert len(site.node.obeyed.started) == len(site.node.obeyed.pictures) == 1
        assert len((await site.get("/exams/EXAM-1/policies")).json()["items"]) == 2

    on_site(test)


def test_a_key_used_with_another_body_or_outdated_is_told_so(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        key = {"Idempotency-Key": "k"} | site.bearer()
        assert (await site.post("/exams", EXAM, headers=key)).status_code == 201
        other = await site.post("/exams", EXAM | {"exam_id": "EXAM-2"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
        colleague = await site.post(
            "/exams", EXAM, headers={"Idempotency-Key": "k"} | site.bearer(subject="bob")
        )
        assert colleague.json()["code"] == "exam-exists"
        site.at(datetime.now(UTC) + timedelta(hours=25))
        assert (await site.post("/exams", EXAM, headers=key)).json()["code"] == "exam-exists"
        assert (await site.post("/exams", EXAM | {"exam_id": "EXAM-2"}, headers=key)).status_code == 201
        assert len(await site.parts.reading(lambda db: db.exec(select(KeptAnswer)).all())) == 1
        bad = await site.post("/exams", EXAM, headers={"Idempotency-Key": "a b"} | site.bearer())
        assert bad.json()["errors"][0]["path"] == "header.Idempotency-Key"

    on_site(test)


def test_kept_answers_are_sealed_and_go_with_the_candidates_data(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        key = {"Idempotency-Key": "k"} | site.bearer()
        await site.post("/enroll", enroll_body(), headers=key)
        (kept,) = await site.parts.reading(lambda db: db.exec(select(KeptAnswer)).all())
        assert b"CAND-1" not in kept.answer_sealed
        await site.http.delete("/api/v1/enrollments/CAND-1", headers=site.bearer())
        assert await site.parts.reading(lambda db: db.exec(select(KeptAnswer)).all()) == []

    on_sqlite(test)
