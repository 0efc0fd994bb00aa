"""Clients that take more than their part: others are served beside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from coordinator.limits import LARGE_AT_ONCE
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
