"""The node's HTTP server: signaling and WHIP for candidates; health and metrics on a separate port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from edge.config import WebSection
from edge.fleet.health import Health
from edge.media.admission import Admission
from edge.media.signaling import MESSAGE_CHARS, signaling_router
from edge.media.whip import Servers, whip_router
from shared.web_server.doors import Doors
from shared.web_server.http_protocol import BARE_HEADERS
from shared.web_server.options import server_options
from shared.web_server.status import ByPort
from shared.web_server.tls import SecuredServer, server_tls

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
GRACE_S: Final = 3


AskHealth = Callable[[], Awaitable[Health]]


def create_web(
    admission: Admission, allowed_origins: Collection[str], health: AskHealth, servers: Servers = lambda _: ()
) -> FastAPI:
    """Make the application for candidates' pages. It has nothing to close."""
    app = _application()
    app.include_router(signaling_router(admission, allowed_origins))
    app.include_router(whip_router(admission, allowed_origins, servers))

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        failing = (await health()).failing
        return JSONResponse({"status": "failing" if failing else "ok"}, 503 if failing else 200)

    return app


def create_status(health: AskHealth, metrics: Callable[[], Awaitable[bytes]]) -> FastAPI:
    """Make the application for monitoring. It has nothing to close."""
    app = _application()

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        now = await health()
        status = "failing" if now.failing else "degraded" if now.reasons else "ok"
        body = {"status": status, "health": now.score, "reasons": list(now.reasons), **now.measures}
        return JSONResponse(body, 503 if now.failing else 200)

    @app.get("/metrics")
    async def exposed() -> Response:
        return Response(await metrics(), media_type=METRICS_TYPE)

    return app


def _application() -> FastAPI:
    return FastAPI(title="Proctor Edge node", docs_url=None, redoc_url=None, openapi_url=None)


class WebServer(SecuredServer):
    """Runs uvicorn in one of our tasks, on our listening sockets. The daemon handles the signals."""

    def __init__(self, app: ByPort, doors: Doors, web: WebSection) -> None:
        """Raises `ConfigError` if the certificate cannot be used."""
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                lifespan="off",
                headers=list(BARE_HEADERS),  # on every answer, also uvicorn's own errors
                timeout_graceful_shutdown=GRACE_S,
                ws_max_size=2 * MESSAGE_CHARS,
                **server_options(doors, web.connections),
            ),
            web.port,
            server_tls(web.tls),
            doors,
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not handle SIGTERM and SIGINT."""
        yield
