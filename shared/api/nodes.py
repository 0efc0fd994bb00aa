"""Bodies of the REST API about edge nodes."""

from __future__ import annotations

from typing import Literal

from shared.api.bodies import Response
from shared.fields import Utc


class NodeOut(Response):
    """One node, as its last heartbeat tells."""

    node_id: str
    region: str
    status: Literal["online", "missing", "never-seen"]
    health: int | None
    reasons: list[str]
    """What is missing to full health, in stable words."""
    clock_skew_s: float | None
    """How far its clock is ahead of the coordinator's; beyond 25 s it obeys no command and gets no session.
    None while it is not heard."""
    refused_commands: dict[str, int]
    """Commands it would not obey since its start, by reason; `stale` tells of a wrong clock."""
    level: int | None
    device: str | None
    models: dict[str, str]
    sessions: int
    rating: int | None
    last_seen_at: Utc | None
