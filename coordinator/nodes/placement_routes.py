"""One node over REST; operators cordon it, drain it, and open it again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Path

from coordinator.memberships import accepting
from coordinator.nodes import service as nodes
from coordinator.nodes.answers import node_out
from coordinator.nodes.placements import Placement
from coordinator.nodes.routes import look, seen_now
from coordinator.nodes.service import PlacementWish
from coordinator.sessions.moving import draining
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Operator, StaffOrOperator
from shared.api.nodes import DrainRequest, NodeOut, PlacementRequest
from shared.tokens import Claims

router = APIRouter(prefix="/nodes", tags=["nodes"])

NodeRef = Annotated[UUID, Path(description="The node's id.")]


@router.get("/{node_id}", responses=problems(401, 403, 404))
async def get_node(node_id: NodeRef, claims: StaffOrOperator, parts: PartsDep, now_utc: Now) -> NodeOut:
    """One node, as in the list of all."""
    looked = await parts.reading(lambda db: look(db, claims, [nodes.find(db, node_id)], now_utc))
    return node_out(looked.rows[0], seen_now(parts, looked, looked.rows[0]), now_utc)


@router.post("/{node_id}/cordon", responses=problems(401, 403, 404, 409))
async def cordon_node(
    node_id: NodeRef, body: PlacementRequest, claims: Operator, parts: PartsDep, now_utc: Now
) -> NodeOut:
    """Give a node no new sessions; those that it has stay. At other replicas too from this answer on: what
    they chose before is refused."""
    wish = PlacementWish(placement=Placement.CORDONED, reason=body.reason)
    return await _placed(parts, claims, node_id, wish, now_utc)


@router.post("/{node_id}/uncordon", responses=problems(401, 403, 404, 409))
async def uncordon_node(
    node_id: NodeRef, body: PlacementRequest, claims: Operator, parts: PartsDep, now_utc: Now
) -> NodeOut:
    """Give a cordoned or draining node new sessions again, at other replicas within five seconds."""
    return await _placed(
        parts, claims, node_id, PlacementWish(placement=Placement.OPEN, reason=body.reason), now_utc
    )


@router.post("/{node_id}/drain", responses=problems(401, 403, 404, 409))
async def drain_node(
    node_id: NodeRef,
    body: DrainRequest,
    claims: Operator,
    parts: PartsDep,
    now_utc: Now,
    after: BackgroundTasks,
) -> NodeOut:
    """Give a node no new sessions until it is empty. Sessions whose exam has not begun move to other nodes;
    running exams go on until they end, or move too if `move_running` says so. What no other node takes stays,
    and is tried again every half minute, also by another coordinator. `left` says what it still has, and the
    reason `drained` that it is empty. It stays so until it is opened again."""
    wish = PlacementWish(
        placement=Placement.DRAINING,
        reason=body.reason,
        deadline_utc=body.deadline_at,
        drain_running=body.move_running,
    )
    placed = await _placed(parts, claims, node_id, wish, now_utc)
    after.add_task(draining.drain, parts, node_id, begun=body.move_running)
    return placed


async def _placed(parts: Parts, claims: Claims, node_id: UUID, wish: PlacementWish, now_utc: Now) -> NodeOut:
    looked = await parts.writing(
        lambda db: look(db, claims, [nodes.place(db, node_id, wish, now_utc)], now_utc)
    )
    await accepting.refresh(parts)
    return node_out(looked.rows[0], seen_now(parts, looked, looked.rows[0]), now_utc)
