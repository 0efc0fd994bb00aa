"""What fails inside tells the caller nothing, and carries the headers of every other answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from tests.support.exam_site import OnSite, Site

SECRET = "password of the database at /var/lib/proctor"


async def _fails(_: Request) -> Response:
    raise RuntimeError(SECRET)


def test_a_failure_is_a_problem_with_every_header_and_without_its_reason(
    on_sqlite: OnSite, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(site: Site) -> None:
        site.app.add_route("/fails", _fails, methods=["GET"])
        answer = await site.http.get("/fails")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "internal"
        assert SECRET not in answer.text
        ordinary = await site.http.get("/healthz")
        for name in ("x-content-type-options", "content-security-policy", "x-frame-options", "cache-control"):
            assert answer.headers[name] == ordinary.headers[name]
        assert 'status="500"' in (await site.status.get("/metrics")).text

    on_sqlite(test)
    assert [record.exc_info for record in caplog.records if record.message == "a request failed"]


def test_a_failure_after_the_answer_has_begun_is_not_answered_twice(on_sqlite: OnSite) -> None:
    async def breaks_off(_: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError(SECRET)

        return StreamingResponse(parts())

    async def test(site: Site) -> None:
        site.app.add_route("/breaks-off", breaks_off, methods=["GET"])
        answer = await site.http.get("/breaks-off")
        assert (answer.status_code, answer.text) == (200, "first")

    on_sqlite(test)


@pytest.mark.parametrize("path", ["/enroll", "/session/start", "/exams", "/tokens"])
def test_an_empty_body_is_refused_alike_wherever_one_is_needed(on_sqlite: OnSite, path: str) -> None:
    async def test(site: Site) -> None:
        headers = {**site.bearer(), "Content-Type": "application/json"}
        answer = await site.http.post(f"/api/v1{path}", content=b"", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
        assert answer.json()["errors"] == [{"path": "body", "message": "Field required"}]

    on_sqlite(test)
