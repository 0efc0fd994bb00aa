"""Messages of nodes that could not be judged, for operators: how many wait, and judging them again."""

from __future__ import annotations

from fastapi import APIRouter

from coordinator.arriving import parked_service as parked
from coordinator.arriving.replaying import replay
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import Operator
from shared.api.nodes import ParkedOut, ReplayOut

router = APIRouter(tags=["nodes"])


@router.get("/parked-messages", responses=problems(401, 403))
async def list_parked_messages(claims: Operator, parts: PartsDep) -> list[ParkedOut]:
    """How many alert messages are parked, by node and reason.

    A message is parked if its session or its content is not known here, if storing it failed, or if only a
    wrong clock explains its time. It is kept whole until it is judged again.
    """
    return [
        ParkedOut(node_id=str(one.node_id), reason=one.reason, count=one.count, oldest_at=one.oldest_utc)
        for one in await parts.reading(parked.heaps)
    ]


@router.post("/parked-messages/replay", responses=problems(401, 403))
async def replay_parked_messages(claims: Operator, parts: PartsDep) -> ReplayOut:
    """Judge all parked messages again, after their cause was removed. The rest stays parked."""
    check_rate(parts.rates.report, claims.bearer, parts.clock())
    return await replay(parts)
