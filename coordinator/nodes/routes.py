"""Nodes over REST: lists them with their states and their last hour."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.nodes import service as nodes
from coordinator.nodes.answers import hour_out, node_out
from coordinator.nodes.looking import Looked, look, seen_now
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import AdminOrOperator, StaffOrOperator
from shared.api.nodes import NodeHistoryOut, NodeOut
from shared.tokens import Role

router = APIRouter(tags=["nodes"])


@router.get("/nodes", responses=problems(401, 403))
async def list_nodes(claims: StaffOrOperator, parts: PartsDep, now_utc: Now) -> list[NodeOut]:
    """Every node, by region: its state with the reasons, its health and its networks.

    All institutions share the nodes. `sessions` counts only the sessions of the caller's institution; for an
    operator, all sessions.
    """

    def work(db: Session) -> Looked:
        return look(db, claims, nodes.all_nodes(db), now_utc)

    looked = await parts.reading(work)
    return [node_out(row, seen_now(parts, looked, row), now_utc) for row in looked.rows]


@router.get("/nodes/history", responses=problems(401, 403))
async def get_node_history(claims: AdminOrOperator, parts: PartsDep, now_utc: Now) -> NodeHistoryOut:
    """The last hour of every node in one value a minute, since this coordinator started at the earliest.

    Administrators of an institution do not see the counts of sessions and alerts, which are of all.
    """
    rows = await parts.reading(nodes.all_nodes)
    history, everything = parts.fleet.history, claims.role is Role.OPERATOR
    return NodeHistoryOut(
        since=history.since_utc,
        nodes=[
            hour_out(row, history.of(row.id, now_utc), everything=everything)
            for row in rows
            if row.revoked_utc is None
        ],
    )
