"""What goes on after an error: loops that follow, and shares that are given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from coordinator.live.rooms import MAX_LISTENERS_PER_SESSION, Listener
from coordinator.tenants.institutions import Institutions
from coordinator.tokens.validity import Validity
from coordinator.tokens.verifier import Verifier
from coordinator.web_api.limits import LARGE_OF_ONE, BodyBound
from shared.errors import Rejected, Unavailable
from shared.tokens import Claims, Role
from tests.support.eventually import cancelled, until
from tests.support.exam_site import OnSite, Site

TENANT = uuid4()


def test_the_verifier_follows_the_database_after_an_outage() -> None:
    revoked, key = uuid4(), Ed25519PrivateKey.generate().public_key()
    institutions = Institutions(frozenset({TENANT}))
    good = Validity("own", key, institutions=institutions)
    answers: list[Callable[[], Validity]] = [
        _away,
        _away,
        lambda: Validity("own", key, {}, frozenset({revoked}), institutions),
    ]

    async def read() -> Validity:
        return (answers.pop(0) if len(answers) > 1 else answers[0])()

    def refused(verifier: Verifier) -> bool:
        claims = Claims(subject="a", role=Role.ADMIN, tenant_id=TENANT, token_id=revoked, key_id="own")
        try:
            verifier.check(claims)
        except Rejected:
            return True
        return False

    async def test() -> None:
        verifier = Verifier(good, read, interval_s=0.01)
        assert not refused(verifier)
        following = asyncio.create_task(verifier.run())
        await until(lambda: refused(verifier), "a revocation by another replica counts here")
        await cancelled(following)

    asyncio.run(test())


def _away() -> Validity:
    raise Unavailable("the database does not answer")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), Unavailable("away"), asyncio.CancelledError()])
def test_a_place_for_an_enrollment_is_given_back_whatever_happens(error: BaseException) -> None:
    served = 0

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        nonlocal served
        served += 1
        raise error

    async def ask(bound: BodyBound) -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/enroll",
            "headers": [],
            "query_string": b"",
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": b"{}"}

        async def send(_: MutableMapping[str, Any]) -> None: ...

        with suppress(RuntimeError, asyncio.CancelledError):
            await bound(scope, receive, send)

    async def test() -> None:
        bound = BodyBound(fails, _somebody)
        for _ in range(LARGE_OF_ONE + 1):
            await ask(bound)
        assert served == LARGE_OF_ONE + 1

    asyncio.run(test())


async def _somebody(_: Request) -> Claims:
    return Claims(subject="platform", role=Role.SYSTEM, tenant_id=TENANT)


def test_a_share_of_sockets_is_given_back_when_a_socket_breaks_while_it_opens(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session = UUID((await site.started())["session_uuid"])
        scope = {
            "type": "websocket",
            "path": "/ws/SESS-1",
            "headers": [(b"authorization", site.bearer()["Authorization"].encode())],
            "query_string": b"",
            "subprotocols": [],
        }

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def breaks(_: MutableMapping[str, Any]) -> None:
            raise OSError("the client is gone")

        for _ in range(MAX_LISTENERS_PER_SESSION + 1):
            with suppress(OSError, WebSocketDisconnect):
                await site.app(dict(scope), receive, breaks)
        assert site.parts.rooms.listeners == 0
        site.parts.rooms.enter(Listener(session, "SESS-1", "somebody", for_staff=True))

    on_sqlite(test)
