"""GET /healthz, /readyz and /metrics: for supervisors and scrapers, without a token or personal data."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from coordinator.web_api.parts import Parts, PartsDep
from shared.errors import Unavailable

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """The program is running."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready; the body gives the reasons."}})
async def get_readiness(parts: PartsDep) -> Response:
    """Whether requests can be served: 200, or 503 with the reasons."""
    reasons = await _reasons(parts)
    body = {"status": "unready" if reasons else "ready", "reasons": reasons}
    return JSONResponse(body, 503 if reasons else 200)


@router.get("/metrics", response_class=Response)
async def get_metrics(parts: PartsDep) -> Response:
    """Prometheus' text format."""
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
