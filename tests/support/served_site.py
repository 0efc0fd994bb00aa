"""The whole coordinator of `exam_site` behind a real HTTP server, for programs that only know a URL."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from nats.errors import Error as NatsError

from tests.support.eventually import until
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
    async with exam_site(database_url, hub, folder) as site:
        beating = asyncio.create_task(_beat(site.node))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            # The site has run the application's lifespan already.
            server = uvicorn.Server(uvicorn.Config(site.app, log_level="error", lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await until(lambda: server.started, "the coordinator serves")
                yield Served(site, f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                server.should_exit = server.force_exit = True
                await serving
                beating.cancel()


async def _beat(node: FakeNode) -> None:
    while True:
        with suppress(NatsError):
            await node.beat()
        await asyncio.sleep(BEAT_EVERY_S)
