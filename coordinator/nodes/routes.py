"""GET /api/v1/nodes: which edge nodes there are and how they are."""

from __future__ import annotations

from fastapi import APIRouter

from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.tables import Node
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import PartsDep
from coordinator.web_api.security import Staff
from shared.api.nodes import NodeOut

router = APIRouter(tags=["nodes"])


@router.get("/nodes", responses=problems(401, 403))
async def list_nodes(claims: Staff, parts: PartsDep) -> list[NodeOut]:
    """Every node of the institution, by region: whether it is online, how well, with which networks."""
    rows = await parts.reading(lambda db: nodes.all_nodes(db, claims.tenant_id))
    now = parts.clock()
    return [node_out(row, parts.fleet.state(row.id), parts.fleet.skew_s(row.id, now), now) for row in rows]


def node_out(row: Node, state: NodeState | None, skew_s: float | None, now: float) -> NodeOut:
    """A node in the API's form; `state` is its last word since this program's start."""
    skew_s = None if skew_s is None else round(skew_s, 1)
    if state is None:
        return NodeOut(
            node_id=str(row.id),
            region=row.region,
            status="never-seen" if row.last_seen_utc is None else "missing",
            health=None,
            reasons=[],
            clock_skew_s=skew_s,
            refused_commands={},
            level=None,
            device=None,
            models={},
            sessions=0,
            rating=None,
            last_seen_at=row.last_seen_utc,
        )
    beat = state.heartbeat
    return NodeOut(
        node_id=str(row.id),
        region=row.region,
        status="online" if state.online(now) else "missing",
        health=beat.health,
        reasons=list(beat.reasons),
        clock_skew_s=skew_s,
        refused_commands=dict(beat.refused_commands),
        level=beat.level,
        device=beat.device,
        models=dict(beat.models),
        sessions=beat.load,
        rating=beat.rating,
        last_seen_at=state.heard_utc,
    )
