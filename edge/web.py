"""The node's HTTP server: signaling and WHIP for candidates, health and metrics for operators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from edge.fleet.health import Health
from edge.media.admission import Admission
from edge.media.signaling import MESSAGE_CHARS, signaling_router
from edge.media.whip import whip_router
from shared.slow_clients import BARE_HEADERS, PROTOCOL

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MAX_CONNECTIONS: Final = 2_000
GRACE_S: Final = 3


def create_web(
    admission: Admission,
    allowed_origins: Collection[str],
    *,
    health: Callable[[], Awaitable[Health]],
    metrics: Callable[[], Awaitable[bytes]],
) -> FastAPI:
    """Build the application. It needs no closing."""
    app = FastAPI(title="Proctor Edge node", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(signaling_router(admission, allowed_origins))
    app.include_router(whip_router(admission, allowed_origins))

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


class WebServer(uvicorn.Server):
    """uvicorn in a task of ours; the daemon handles the signals."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                headers=list(BARE_HEADERS),  # on every answer, also uvicorn's own errors
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
                ws_max_size=2 * MESSAGE_CHARS,
                http=PROTOCOL,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not handle SIGTERM and SIGINT."""
        yield
