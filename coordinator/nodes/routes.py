"""Nodes over REST: lists them with their states and their last hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.desired import service as desired
from coordinator.desired.applied import state_of
from coordinator.desired.layers import Whole, merged
from coordinator.nodes import service as nodes
from coordinator.nodes.answers import GivenHere, NodeNow, hour_out, node_out
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.placements import Left, Placement, left_on
from coordinator.nodes.tables import Node
from coordinator.sessions import held_service as held, service as sessions
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import AdminOrOperator, StaffOrOperator
from shared.api.nodes import NodeHistoryOut, NodeOut
from shared.tokens import Claims, Role

router = APIRouter(tags=["nodes"])


@router.get("/nodes", responses=problems(401, 403))
async def list_nodes(claims: StaffOrOperator, parts: PartsDep, now_utc: Now) -> list[NodeOut]:
    """Every node, by region: its state with the reasons, its health and its networks.

    All institutions share the nodes. `sessions` counts only the sessions of the caller's institution; for an
    operator, all sessions.
    """

    def work(db: Session) -> StoredNodes:
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


@dataclass(frozen=True, slots=True)
class StoredNodes:
    """What the database knows of some nodes."""

    rows: list[Node]
    left: Mapping[UUID, Left]
    """On those that get no new sessions."""
    own: Counter[UUID] | None
    """The sessions of the caller's institution by node; None: the caller may know of all."""
    wholes: Mapping[UUID, Whole | None]
    """What each is to have."""


def look(db: Session, claims: Claims, rows: list[Node], now_utc: datetime) -> StoredNodes:
    """Read what the database knows of these nodes."""
    closed = [row.id for row in rows if row.placement is not Placement.OPEN and row.revoked_utc is None]
    left = {node_id: left_on(on, now_utc) for node_id, on in held.by_node(db, closed, now_utc).items()}
    everything = claims.role is Role.OPERATOR
    own = None if everything else sessions.running_by_node(db, claims.tenant_id, now_utc)
    layers = desired.layers(db) if everything else []
    return StoredNodes(rows, left, own, {row.id: merged(layers, row.id, row.region) for row in rows})


def seen_now(parts: Parts, looked: StoredNodes, row: Node) -> NodeNow:
    """What is known about one of these nodes now."""
    fleet, now = parts.fleet, parts.clock()
    last = fleet.state(row.id)
    return NodeNow(
        last=last,
        online=last is not None and last.online(now),
        silent_s=fleet.silent_s(row.id, now),
        skew_s=fleet.skew_s(row.id, now),
        degraded=fleet.degraded(row.id),
        hub_connected=parts.hub.connected,
        left=looked.left.get(row.id),
        sessions=None if looked.own is None else looked.own[row.id],
        given=_given(looked.wholes[row.id], last),
    )


def _given(whole: Whole | None, last: NodeState | None) -> GivenHere:
    report = None if last is None else last.heartbeat.desired
    state = state_of(report, whole, heard=last is not None)
    version = None if whole is None else whole.desired.version
    return GivenHere(version, state, "" if report is None or state in ("none", "untold") else report.reason)
