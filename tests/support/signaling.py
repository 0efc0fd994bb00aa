"""A node in miniature: the signaling routes over real peers, served by a real web server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from edge.media.peer import Peer, PeerSettings
from edge.media.signaling import signaling_router
from edge.media.whip import whip_router
from shared.cameras import Camera
from shared.errors import Rejected
from shared.ice import IceServer
from shared.web_server.connections import ConnectionsSection
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.options import server_options
from tests.support.eventually import PATIENCE_S

TOKEN = "good-token"
ORIGIN = "https://exams.example.org"


@dataclass(slots=True)
class OneSeat:
    """A seat over a real peer; `page` is what the node has to say to the page."""

    peer: Peer = field(default_factory=lambda: Peer(PeerSettings()))
    page: asyncio.Queue[Mapping[str, object] | None] = field(default_factory=asyncio.Queue)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    cameras: list[Camera] = field(default_factory=list)
    replaced: Rejected | None = None

    def check(self) -> None:
        if self.replaced is not None:
            raise self.replaced

    async def answer(self, offer_sdp: str) -> str:
        return await self.peer.answer(offer_sdp)

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        await self.peer.add_candidate(candidate, mid, index)

    async def show_camera(self, camera: Camera) -> None:
        self.cameras.append(camera)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        while (message := await self.page.get()) is not None:
            yield message

    async def left(self) -> None:
        self.hung_up.set()


@dataclass(slots=True)
class OneRoom:
    """Admits one session with one token."""

    session_id: UUID = field(default_factory=uuid4)
    seat: OneSeat = field(default_factory=OneSeat)
    origins: set[str] = field(default_factory=lambda: {ORIGIN})
    too_often: bool = False
    """Whether its pages connect too often."""
    servers: tuple[IceServer, ...] = ()
    over: bool = False
    """Whether the session has ended here."""

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> OneSeat:
        self.check(session_id, token)
        if self.too_often:
            raise Rejected("too often; wait 7 s", code="too-many-requests", status=429, retry_after_s=7)
        return self.seat

    def check(self, session_id: UUID, token: str) -> None:
        if self.over:
            raise Rejected("no such session", code="session-unknown", status=404)
        if token != TOKEN:
            raise Rejected("the token is not valid", code="bad-token", status=401)
        if session_id != self.session_id:
            raise Rejected("another's session", code="not-yours", status=403)


@dataclass(frozen=True, slots=True)
class Served:
    """Where the miniature listens."""

    room: OneRoom
    host: str
    app: FastAPI
    server: uvicorn.Server

    def die(self) -> None:
        """Break every connection off, as a process does that is killed."""
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()

    @property
    def signaling_url(self) -> str:
        return f"ws://{self.host}/signal/{self.room.session_id}"

    def serve_page(self, html: str) -> None:
        """Show `html` at /page, as an origin that may open the socket."""
        self.room.origins.add(f"http://{self.host}")
        self.app.add_api_route("/page", lambda: HTMLResponse(html), response_class=HTMLResponse)

    @property
    def whip_url(self) -> str:
        return f"http://{self.host}/whip/{self.room.session_id}"


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """Serve one seat on a free port of this machine."""
    room = OneRoom()
    app = FastAPI()
    app.include_router(signaling_router(room, room.origins))
    app.include_router(whip_router(room, room.origins, lambda _: room.servers))
    options = server_options(Doors(Bounds(1_000, 1_000)), ConnectionsSection())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", **options))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield Served(room, f"{host}:{port}", app, server)
    finally:
        await room.seat.peer.close()
        server.should_exit = True
        await serving
