"""Every route of a node, asked with a good token, another session's, and one whose session or key is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from edge.fleet.health import Health
from edge.web import create_web
from shared.errors import Rejected
from shared.messages.sessions import StartSession
from shared.sealing import signing_public_text
from shared.tokens import key_id_of
from tests.support.eventually import PATIENCE_S
from tests.support.orders import session_token
from tests.support.session_stage import TOKEN_KEY, Stage, stage

NEW_KEY: Final = Ed25519PrivateKey.generate()
ASKERS: Final = ("own", "other", "ended", "revoked")
"""Its own token; that of another session; one whose session has ended; one whose key was revoked."""
REFUSED: Final = (403, 404, 401)
TABLE: Final[dict[tuple[str, str], tuple[int, ...]]] = {
    ("WEBSOCKET", "/signal/{session_id}"): (1000, 4403, 4404, 4401),
    ("POST", "/whip/{session_id}"): (201, *REFUSED),
    ("GET", "/whip/{session_id}"): (204, *REFUSED),
    **{(method, "/whip/{session_id}"): (405,) * 4 for method in ("PUT", "PATCH", "DELETE")},
    ("OPTIONS", "/whip/{session_id}"): (204, 204, 204, 204),
    ("PATCH", "/whip/{session_id}/{name}"): (204, *REFUSED),
    ("GET", "/whip/{session_id}/{name}"): (204, *REFUSED),
    **{(method, "/whip/{session_id}/{name}"): (405,) * 4 for method in ("PUT", "POST")},
    ("DELETE", "/whip/{session_id}/{name}"): (200, *REFUSED),
    ("OPTIONS", "/whip/{session_id}/{name}"): (204, 204, 204, 204),
    ("GET", "/healthz"): (200, 200, 200, 200),
}
"""For each asker in their order."""
BODIES: Final = {"POST": "application/sdp", "PATCH": "application/trickle-ice-sdpfrag"}


def routes_of(routes: Iterable[Any]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for route in routes:
        if hasattr(route, "original_router"):
            found |= routes_of(route.original_router.routes)
        else:
            methods = getattr(route, "methods", None) or {"WEBSOCKET"}
            found |= {(method, route.path) for method in methods - {"HEAD"}}
    return found


@dataclass
class Stream:
    """A session, its token and the stream that the token has opened."""

    order: StartSession
    token: str
    name: str = ""
    etag: str = ""


@dataclass
class Doors:
    """A node's web server and its sessions."""

    stage: Stage
    host: str
    http: httpx.AsyncClient
    streams: dict[str, Stream] = field(default_factory=dict)

    async def opened(self) -> None:
        """Start a session for each asker, let its token open a stream, then end or revoke."""
        for asker in ASKERS:
            order = await self.stage.started()
            stream = Stream(order, session_token(TOKEN_KEY, order.session_id))
            created = await self.ask("POST", f"/whip/{order.session_id}", stream)
            assert created.status_code == 201, created.text
            stream.name, stream.etag = created.headers["location"].rpartition("/")[2], created.headers["etag"]
            self.streams[asker] = stream
        assert await self.stage.end(self.streams["ended"].order)
        revoked = self.streams["revoked"]
        revoked.order = revoked.order.model_copy(
            update={"token_key": signing_public_text(NEW_KEY.public_key())}
        )
        await self.stage.actions.change(revoked.order)

    async def ask(self, method: str, path: str, stream: Stream) -> httpx.Response:
        headers = {"Authorization": f"Bearer {stream.token}", "If-Match": stream.etag}
        headers |= {"Content-Type": BODIES.get(method, "text/plain")}
        return await self.http.request(
            method,
            f"http://{self.host}{path}",
            headers=headers,
            content={"POST": "offer", "PATCH": "a=end-of-candidates"}.get(method),
        )

    async def answer(self, method: str, path: str, asker: str) -> int:
        token = self.streams[asker]
        # Somebody with another session's token asks for this one's.
        place = self.streams["own" if asker == "other" else asker]
        if method == "WEBSOCKET":
            return await self.signal(place.order.session_id, token.token)
        filled = path.replace("{session_id}", str(place.order.session_id)).replace("{name}", place.name)
        asked = Stream(place.order, token.token, place.name, place.etag)
        return (await self.ask(method, filled, asked)).status_code

    async def signal(self, session_id: UUID, token: str) -> int:
        """The close code; 1000 after a page that was answered has said goodbye."""
        protocols = [Subprotocol("proctor.v1"), Subprotocol(f"bearer.{token}")]
        async with connect(
            f"ws://{self.host}/signal/{session_id}", subprotocols=protocols, proxy=None
        ) as page:
            try:
                await page.send('{"type": "offer", "sdp": "offer"}')
                async for said in page:
                    if '"answer"' in str(said):
                        await page.send('{"type": "bye"}')
            except ConnectionClosed:
                pass
        return page.close_code or 0


@asynccontextmanager
async def doors() -> AsyncIterator[Doors]:
    async def health() -> Health:
        return Health(10, ())

    async with stage(rating=10) as made:
        app = create_web(made.door, [], health)
        assert routes_of(app.routes) == set(TABLE), "TABLE needs a line for each route, and no other"
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
                    await asyncio.sleep(0.01)
            host, port = server.servers[0].sockets[0].getsockname()[:2]
            async with httpx.AsyncClient() as http:
                yield Doors(made, f"{host}:{port}", http)
        finally:
            server.should_exit = True
            await serving


def test_every_route_answers_each_token_as_the_table_says() -> None:
    async def test() -> None:
        for (method, path), expected in TABLE.items():
            async with asyncio.timeout(PATIENCE_S), doors() as node:
                await node.opened()
                answers = tuple([await node.answer(method, path, asker) for asker in reversed(ASKERS)])
                assert answers == expected[::-1], (method, path)

    asyncio.run(test())


def test_a_seat_from_before_the_revocation_opens_no_new_connection() -> None:
    async def test() -> None:
        async with stage() as node:
            page = await node.page(await node.started())
            new = page.order.model_copy(update={"token_key": signing_public_text(NEW_KEY.public_key())})
            await node.actions.change(new)
            with pytest.raises(Rejected) as refused:
                await page.seat.answer("offer")
            assert refused.value.status == 401
            assert not page.source.closed  # what is connected goes on
            assert (await node.state(new)).token_key_id == key_id_of(new.token_key)
            again = await node.door.connect(new.session_id, session_token(NEW_KEY, new.session_id))
            await again.answer("offer")

    asyncio.run(test())
