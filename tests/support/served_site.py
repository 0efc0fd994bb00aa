"""The coordinator of `exam_site` behind a real HTTP server, for programs and sockets that only know a URL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nats.errors import Error as NatsError
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from coordinator.config import CoordinatorConfig
from coordinator.serving import server as server_of, way_in
from shared.web_server.options import listen
from tests.support.eventually import cancelled, until
from tests.support.exam_site import Site, exam_site
from tests.support.fake_node import FakeNode
from tests.support.nats import RunningServer

BEAT_EVERY_S = 4.0


@dataclass(frozen=True, slots=True)
class Served:
    """A site and where it listens."""

    site: Site
    url: str


@asynccontextmanager
async def served_site(database_url: str, hub: RunningServer, folder: Path) -> AsyncIterator[Served]:
    """The coordinator on a free port of the loopback, its node saying heartbeats until the block ends."""
    with _free_port() as listening:
        url = f"http://{_place(listening)}"
        async with (
            exam_site(database_url, hub, folder, url) as site,
            _beating(site.node),
            _serving(site.app, site.parts.config, listening),
        ):
            yield Served(site, url)


@asynccontextmanager
async def served(site: Site, port: int = 0) -> AsyncIterator[str]:
    """The site's application behind a real server; the address of its live sockets. `port`: 0 for any."""
    with _free_port(port) as listening:
        async with _serving(site.app, site.parts.config, listening):
            yield f"ws://{_place(listening)}/ws"


@asynccontextmanager
async def listening_to(
    url: str, token: str, origin: str | None = None, **options: Any
) -> AsyncIterator[ClientConnection]:
    """A client of one live socket, its token among the protocols as a browser must give it."""
    protocols = [Subprotocol("proctor.v1"), Subprotocol(f"bearer.{token}")]
    async with connect(
        url, subprotocols=protocols, origin=Origin(origin) if origin else None, proxy=None, **options
    ) as client:
        yield client


def _free_port(port: int = 0) -> socket.socket:
    return listen("127.0.0.1", port)


def _place(listening: socket.socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def _serving(app: FastAPI, config: CoordinatorConfig, listening: socket.socket) -> AsyncIterator[None]:
    """As the program serves it; whoever made the site has run the application's lifespan already."""
    server = server_of(app, config, way_in(config), lifespan="off")
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await until(lambda: server.started, "the coordinator serves")
        yield
    finally:
        server.should_exit = server.force_exit = True
        await serving


@asynccontextmanager
async def _beating(node: FakeNode) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            with suppress(NatsError):
                await node.beat()
            await asyncio.sleep(BEAT_EVERY_S)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        await cancelled(beating)
