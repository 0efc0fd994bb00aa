"""Gathers what is known about nodes now: rows, heartbeats, and the sessions that the caller may know of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coordinator.nodes.answers import Seen
from coordinator.nodes.placements import Left, Placement, left_on
from coordinator.nodes.tables import Node
from coordinator.sessions import held_service as held, service as sessions
from coordinator.web_api.parts import Parts
from shared.tokens import Claims, Role


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database knows of some nodes."""

    rows: list[Node]
    left: Mapping[UUID, Left]
    """On those that get no new sessions."""
    own: Counter[UUID] | None
    """The sessions of the caller's institution by node; None: the caller may know of all."""


def look(db: Session, claims: Claims, rows: list[Node], now_utc: datetime) -> Looked:
    """Read what the database knows of these nodes."""
    closed = [row.id for row in rows if row.placement is not Placement.OPEN and row.revoked_utc is None]
    left = {node_id: left_on(on, now_utc) for node_id, on in held.by_node(db, closed, now_utc).items()}
    everything = claims.role is Role.OPERATOR
    own = None if everything else sessions.running_by_node(db, claims.tenant_id, now_utc)
    return Looked(rows, left, own)


def seen_now(parts: Parts, looked: Looked, row: Node) -> Seen:
    """What is known about one of these nodes now."""
    fleet, now = parts.fleet, parts.clock()
    last = fleet.state(row.id)
    return Seen(
        last=last,
        online=last is not None and last.online(now),
        silent_s=fleet.silent_s(row.id, now),
        skew_s=fleet.skew_s(row.id, now),
        degraded=fleet.degraded(row.id),
        hub_connected=parts.hub.connected,
        left=looked.left.get(row.id),
        sessions=None if looked.own is None else looked.own[row.id],
    )
