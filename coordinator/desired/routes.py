"""Settings of nodes over REST: operators give them to all nodes, a region or one node, and see what became of
them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlmodel import Session

from coordinator.desired import service as desired
from coordinator.desired.answers import given_out, node_settings_out
from coordinator.desired.layers import Scope, Whole, merged
from coordinator.desired.service import Given
from coordinator.ground.acting import concerns_node
from coordinator.nodes import service as nodes
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Operator
from shared.api.node_settings import GivenSettingsOut, NodeSettingsOut, SettingsRequest
from shared.errors import Rejected
from shared.fields import Name

router = APIRouter(prefix="/nodes", tags=["nodes"])

NodeRef = Annotated[UUID, Path(description="The node's id.")]
RegionRef = Annotated[Name, Path(description="The region of nodes.")]


@router.get("/settings", responses=problems(401, 403))
async def list_node_settings(claims: Operator, parts: PartsDep) -> list[GivenSettingsOut]:
    """What is given to all nodes, to regions and to single nodes, in this order. For one node, what is given
    to fewer counts first."""
    return await parts.reading(lambda db: [given_out(row) for row in desired.current(db)])


@router.put("/settings", responses=problems(401, 403, 409))
async def set_settings_of_all(
    body: SettingsRequest, claims: Operator, parts: PartsDep, now: Now
) -> GivenSettingsOut:
    """Give all nodes these settings and networks. Nodes hear of it within some seconds and check it
    themselves; what needs a restart waits there until no session runs. A node whose health falls takes it
    back."""
    return await _given(parts, _of(body, claims.subject, Scope.ALL), now)


@router.put("/regions/{region}/settings", responses=problems(401, 403, 409))
async def set_settings_of_region(
    region: RegionRef, body: SettingsRequest, claims: Operator, parts: PartsDep, now: Now
) -> GivenSettingsOut:
    """Give the nodes of a region these settings and networks; they count before those given to all."""
    return await _given(parts, _of(body, claims.subject, Scope.REGION, region), now)


@router.put("/{node_id}/settings", responses=problems(401, 403, 404, 409))
async def set_settings_of_node(
    node_id: NodeRef, body: SettingsRequest, claims: Operator, parts: PartsDep, now: Now
) -> GivenSettingsOut:
    """Give one node these settings and networks; they count before those given to its region or to all."""
    given = _of(body, claims.subject, Scope.NODE, str(node_id))

    def work(db: Session) -> GivenSettingsOut:
        concerns_node(node_id)
        if nodes.find(db, node_id).revoked_utc is not None:
            raise Rejected("the node was revoked for ever", code="node-revoked", status=409)
        return given_out(desired.give(db, given, now))

    return await parts.writing(work)


@router.get("/{node_id}/settings", responses=problems(401, 403, 404))
async def get_node_settings(node_id: NodeRef, claims: Operator, parts: PartsDep) -> NodeSettingsOut:
    """What one node is to have, for whom each part was given, and what became of it there."""

    def read(db: Session) -> Whole | None:
        row = nodes.find(db, node_id)
        return merged(desired.layers(db), row.id, row.region)

    whole = await parts.reading(read)
    last = parts.fleet.state(node_id)
    return node_settings_out(str(node_id), whole, None if last is None else last.heartbeat)


def _of(body: SettingsRequest, made_by: str, scope: Scope, target: str = "") -> Given:
    return Given(
        scope=scope,
        target=target,
        settings=body.settings.model_dump(exclude_none=True),
        weights=body.weights,
        reason=body.reason,
        made_by=made_by,
    )


async def _given(parts: Parts, given: Given, now: Now) -> GivenSettingsOut:
    return await parts.writing(lambda db: given_out(desired.give(db, given, now)))
