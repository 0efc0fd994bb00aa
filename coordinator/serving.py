"""Serves the coordinator over HTTP: pages and API on one port, health and metrics on another."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import ExitStack
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from coordinator.app import create_app
from coordinator.arriving import parked_service as parked
from coordinator.config import CoordinatorConfig, WebSection
from coordinator.web_api.health import create_status
from shared.garbage import loading
from shared.supervisor import Supervisor, of_environment
from shared.web_server.doors import Doors
from shared.web_server.options import doors_of, listen, server_options
from shared.web_server.status import ByPort
from shared.web_server.tls import SecuredServer, server_tls

MESSAGE_BYTES: Final = 4_096
"""The longest message of a client on a live socket, which only listens."""
GRACE_S: Final = 5
OTHER_FILES: Final = 256
"""Open files besides connections: database, hub, files."""
DID_NOT_START: Final = 1


class Server(SecuredServer):
    """Tells its supervisor when it serves, that its loop turns, and that it stops."""

    def __init__(self, config: uvicorn.Config, web: WebSection, doors: Doors, supervisor: Supervisor) -> None:
        super().__init__(config, web.port, server_tls(web.tls), doors)
        self._supervisor = supervisor
        self._beat: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._supervisor.ready()
            self._beat = asyncio.create_task(self._supervisor.beat())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._supervisor.stopping()
        await super().shutdown(sockets)
        if self._beat is not None:
            self._beat.cancel()


def way_in(settings: CoordinatorConfig) -> Doors:
    """Make the server's doors. Raises `ConfigError` when the limit of open files is too low."""
    return doors_of(settings.web.connections, settings.status.port, OTHER_FILES)


def server(app: FastAPI, settings: CoordinatorConfig, doors: Doors, **options: Any) -> Server:
    """Make an application's server with these settings; it listens on the sockets that it is given."""
    app.state.metrics.doors = doors
    return Server(
        uvicorn.Config(
            ByPort(app, create_status(app, parked.notes), settings.status.port),
            log_config=None,
            ws_max_size=MESSAGE_BYTES,
            timeout_graceful_shutdown=GRACE_S,
            **server_options(doors, settings.web.connections),
            **options,
        ),
        settings.web,
        doors,
        of_environment(),
    )


def run(settings: CoordinatorConfig) -> None:
    """Serve until a signal to stop. Raises `ConfigError` when a port cannot be used."""
    web, status, doors = settings.web, settings.status, way_in(settings)
    with ExitStack() as sockets:
        listeners = [
            sockets.enter_context(listen(web.host, web.port, doors)),
            sockets.enter_context(listen(status.host, status.port)),
        ]
        with loading():
            serving = server(create_app(settings), settings, doors)
        serving.run(sockets=listeners)
    if not serving.started:
        sys.exit(DID_NOT_START)
