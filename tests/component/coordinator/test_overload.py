"""Clients that take more than their part: others are served beside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from coordinator.web_api.limits import LARGE_AT_ONCE
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site, enroll_body


def test_who_sends_many_enrollments_slowly_keeps_nobody_else_from_enrolling(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        release = asyncio.Event()

        async def dripping() -> AsyncIterator[bytes]:
            yield b"{"
            await release.wait()

        async def drip(role: Role, who: str) -> int:
            headers = {**site.bearer(role, who), "Content-Type": "application/json"}
            return (await site.http.post("/api/v1/enroll", content=dripping(), headers=headers)).status_code

        slow = [asyncio.create_task(drip(Role.CANDIDATE, "CAND-9")) for _ in range(LARGE_AT_ONCE)]
        slow += [asyncio.create_task(drip(Role.SYSTEM, "platform")) for _ in range(LARGE_AT_ONCE)]
        await until(lambda: sum(task.done() for task in slow) == 18, "those above their part are refused")
        assert (await site.post("/enroll", enroll_body())).status_code == 201
        release.set()
        assert Counter([await task for task in slow]) == {429: 18, 400: 14}

    on_sqlite(test)


def test_a_candidate_that_starts_many_sessions_fills_no_node(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        async def start(number: int, role: Role = Role.CANDIDATE) -> tuple[int, str]:
            exam = f"E-{number % 6}"
            wish = {"exam_session_id": f"S-{number}", "candidate_id": "CAND-9", "exam_id": exam}
            headers = site.bearer(role, "CAND-9")
            answer = await site.http.post("/api/v1/session/start", json=wish, headers=headers)
            return answer.status_code, answer.json().get("code", answer.json()["status"])

        for number in range(6):
            assert (await site.post("/exams", {"exam_id": f"E-{number}", "title": "One"})).is_success
        await start(0)  # the candidate is known before all of them come at once
        at_once = Counter(await asyncio.gather(*(start(number) for number in range(1, 6))))
        assert at_once == {(201, "active"): 1, (409, "too-many-sessions"): 4}
        assert await start(6, Role.SYSTEM) == (201, "active")
        node = site.node.obeyed
        assert len(node.started) - len(node.ended) == 3
        await site.post("/session/S-0/end")
        await site.post("/session/S-6/end")
        assert await start(7) == (201, "active")

    on_site(test)
