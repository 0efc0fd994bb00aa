"""The Idempotency-Key header as a dependency of routes that create something.

    POST /api/v1/exams
    Idempotency-Key: 2f1c0f52-…

A repetition within a day, by the same bearer, with the same key, path and body, gets the first answer again
and nothing is done twice; with another body it is refused (409 `idempotency-key-reused`). Nothing is kept of
a refused request: it may be corrected and sent again with the same key.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from coordinator.idempotency.sameness import Asked, request_hash
from coordinator.web_api.parts import Now
from coordinator.web_api.security import Anyone

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,255}$",
        description="Any text of your own: a repetition within 24 hours gets the first answer again.",
    ),
]


async def _asked(request: Request, claims: Anyone, now: Now, key: Key = None) -> Asked | None:
    if key is None:
        return None
    body = await request.body()
    body_hash = await asyncio.to_thread(lambda: hashlib.sha256(body).digest())
    return Asked(claims.tenant_id, request_hash(claims, request.url.path, key), body_hash, now)


AskedOnce = Annotated[Asked | None, Depends(_asked)]
"""None: the request came without a key."""
