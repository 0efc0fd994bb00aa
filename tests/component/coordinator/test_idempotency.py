"""Requests that are repeated under one Idempotency-Key."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from coordinator.idempotency.tables import KeptAnswer
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.exams import EXAM


def test_a_repeated_request_is_answered_and_not_done_twice(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        key = {"Idempotency-Key": "2f1c0f52-3a64"} | site.bearer()
        start = {"candidate_id": "CAND-1", "exam_id": "EXAM-1", "allow_unregistered": True}
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


def test_a_candidates_token_is_not_kept_longer_than_the_candidate(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/enroll", enroll_body())
        for key, subject, role in (
            ("1", "CAND-1", "candidate"),
            ("2", "CAND-2", "candidate"),
            ("3", "x", "system"),
        ):
            headers = {"Idempotency-Key": key} | site.bearer()
            body = {"subject": subject, "role": role, "lifetime_minutes": 60}
            answers = [await site.post("/tokens", body, headers=headers) for _ in range(2)]
            assert answers[0].json() == answers[1].json()
        asked = {"candidate_id": "CAND-1"}
        erased = await site.post("/privacy/delete", asked, headers=site.bearer(Role.DPO, "officer"))
        assert erased.status_code == 200, erased.text
        left = await site.parts.reading(lambda db: db.exec(select(KeptAnswer.candidate_reference)).all())
        assert sorted(left, key=str) == ["CAND-2", None]

    on_sqlite(test)
