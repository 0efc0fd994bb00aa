"""GET /healthz, /readyz and /metrics: for supervisors and scrapers, without personal data.

The public port only tells whether all is well; metrics there need a token. The status port tells everything,
without a token.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse

from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Parts, PartsDep
from coordinator.web_api.security import Operator
from shared.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """The program is running."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready; the status port gives the reasons."}})
async def get_readiness(parts: PartsDep) -> Response:
    """Whether requests can be served: 200, or 503."""
    ready = not await _reasons(parts)
    return JSONResponse({"status": "ready" if ready else "unready"}, 200 if ready else 503)


@router.get("/metrics", response_class=Response, responses=problems(401, 403))
async def get_metrics(parts: PartsDep, claims: Operator) -> Response:
    """Prometheus' text format, of the whole installation. On the status port the same without a token."""
    return _metrics(parts)


def create_status(app: FastAPI, notes: Callable[[Session], list[str]]) -> FastAPI:
    """What the status port answers, of this running application. `notes`: what an operator should look at,
    from the database; no reason to be unready."""
    status = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def parts() -> Parts:
        running: Parts = app.state.parts
        return running

    async def readiness(_: Request) -> Response:
        reasons = await _reasons(parts())
        body: dict[str, object] = {"status": "unready" if reasons else "ready", "reasons": reasons}
        with suppress(Unavailable):
            body["notes"] = await parts().reading(notes)
        return JSONResponse(body, 503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        return _metrics(parts())

    async def health(_: Request) -> Response:
        return JSONResponse(await get_health())

    for path, answer in (("/healthz", health), ("/readyz", readiness), ("/metrics", metrics)):
        status.add_route(path, answer, methods=["GET"])
    return status


def _metrics(parts: Parts) -> Response:
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def _reasons(parts: Parts) -> list[str]:
    reasons = []
    try:
        await parts.reading(lambda db: db.connection())
    except Unavailable as error:
        reasons.append(str(error))
    if trouble := parts.database.write_trouble(parts.clock()):
        reasons.append(f"nothing can be stored: {trouble}")
    if not parts.hub.connected:
        reasons.append(f"the hub cannot be reached: {parts.hub.trouble}")
    return reasons
