"""ASGI layer that writes down every act that was not written together with its changes.

It does so before the answer is sent; a live socket is one act, written down before it opens. While the
database cannot be written to, staff must still see a running exam: what only reads is answered, and its entry
waits in memory (`owed`). When that is full, the answer is 503 and nothing is shown.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.audit.noted import Reads, is_noted
from coordinator.audit.owed import Owed, Owing
from coordinator.ground.acting import Acting, answering
from coordinator.web_api.errors import problem_of
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable

FAILED: Final = 500
OPENED: Final = 101
"""The status of a socket that opens."""


class Audited:
    """Wraps the routes of one application."""

    def __init__(self, app: ASGIApp, *, owed: Owed) -> None:
        self._app = app
        self._owed = owed
        self._reads = Reads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with answering(_address(scope)) as present:
            await self._answer(scope, receive, send, present)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, present: Acting) -> None:
        begun, withheld = False, False

        async def noted(message: Message) -> None:
            nonlocal begun, withheld
            status = _status(message)
            if status is not None:
                begun = True
                try:
                    await self._write(scope, present, status)
                except Unavailable as error:
                    withheld = True
                    await problem_of(error)(scope, receive, send)
            if not withheld:
                await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if not begun:
                await self._write(scope, present, FAILED)
            raise

    async def _write(self, scope: Scope, present: Acting, status: int) -> None:
        role = present.claims.role if present.claims is not None else None
        if present.written and status < 400:
            return  # together with its changes
        if not is_noted(present.act, role, reads_only=present.reads_only, status=status):
            return
        if present.claims is None and present.tenant_id is None:
            return  # of no institution, so in no log: it must not cost the database or the memory anything
        bearer = present.claims.bearer if present.claims is not None else ""
        who = (bearer, present.address)
        act = (who, present.act, present.candidate_id, present.session_id, status)
        if present.reads_only and not self._reads.is_new(act, time.monotonic()):
            return
        parts: Parts = scope["app"].state.parts
        one = Owing(present, status, datetime.now(UTC))
        # Another try could take as long as the database waits for a lock, for everybody who looks.
        in_trouble = bool(parts.database.write_trouble(time.monotonic()))
        if present.reads_only and in_trouble and self._owed.keep(one):
            return
        try:
            await asyncio.to_thread(self._owed.settle, parts, one)
        except Unavailable:
            if not present.reads_only or not self._owed.keep(one):
                self._reads.forget(act)
                raise


def _status(message: Message) -> int | None:
    """The status of an answer that begins with this message; None: it is another message."""
    if message["type"] == "websocket.accept":
        return OPENED
    begins = message["type"] in ("http.response.start", "websocket.http.response.start")
    return int(message["status"]) if begins else None


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
