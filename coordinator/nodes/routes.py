"""GET /api/v1/nodes: lists the edge nodes with their state. All institutions share them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.tables import Node
from coordinator.sessions import service as sessions
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import StaffOrOperator
from shared.api.nodes import NodeOut
from shared.tokens import Claims, Role

router = APIRouter(tags=["nodes"])


@router.get("/nodes", responses=problems(401, 403))
async def list_nodes(claims: StaffOrOperator, parts: PartsDep, now_utc: Now) -> list[NodeOut]:
    """Every node, by region: whether it is online, its health and its networks.

    All institutions share the nodes. `sessions` counts only the sessions of the caller's institution; for an
    operator, all sessions.
    """

    def work(db: Session) -> list[tuple[Node, int | None]]:
        return list(zip(rows := nodes.all_nodes(db), _told(db, claims, rows, now_utc), strict=True))

    rows, now = await parts.reading(work), parts.clock()
    return [
        node_out(row, Seen(parts.fleet.state(row.id), parts.fleet.skew_s(row.id, now), now), told)
        for row, told in rows
    ]


def _told(db: Session, claims: Claims, rows: list[Node], now_utc: datetime) -> list[int | None]:
    """The number of each node's sessions that the caller may know about; None: all of them."""
    if claims.role is Role.OPERATOR:
        return [None] * len(rows)
    own = sessions.running_by_node(db, claims.tenant_id, now_utc)
    return [own[row.id] for row in rows]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known about a node now."""

    state: NodeState | None
    """Its last heartbeat since this program started; None if there was none."""
    skew_s: float | None
    now: float


def node_out(row: Node, seen: Seen, sessions: int | None) -> NodeOut:
    """A node in the API's form. `sessions`: the number to show; None: all sessions that it has."""
    state = seen.state
    skew_s = None if seen.skew_s is None else round(seen.skew_s, 1)
    if state is None:
        return NodeOut(
            **_member(row),
            status="never-seen" if row.last_seen_utc is None else "missing",
            health=None,
            reasons=[],
            clock_skew_s=skew_s,
            refused_commands={},
            level=None,
            device=None,
            models={},
            sessions=sessions or 0,
            rating=None,
            last_seen_at=row.last_seen_utc,
        )
    beat = state.heartbeat
    return NodeOut(
        **_member(row),
        status="online" if state.online(seen.now) else "missing",
        health=beat.health,
        reasons=list(beat.reasons),
        clock_skew_s=skew_s,
        refused_commands=dict(beat.refused_commands),
        level=beat.level,
        device=beat.device,
        models=dict(beat.models),
        sessions=beat.load if sessions is None else sessions,
        rating=beat.rating,
        last_seen_at=state.heard_utc,
    )


def _member(row: Node) -> dict[str, Any]:
    return {
        "node_id": str(row.id),
        "region": row.region,
        "name": row.name,
        "joined_at": row.joined_utc,
        "revoked_at": row.revoked_utc,
    }
