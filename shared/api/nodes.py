"""Bodies of the REST API about edge nodes."""

from __future__ import annotations

from typing import Literal

from shared.api.bodies import Response
from shared.fields import Utc


class NodeOut(Response):
    """One node, from its last heartbeat."""

    node_id: str
    region: str
    name: str | None
    joined_at: Utc | None
    """When it joined with a token. None: only the coordinator's configuration names it."""
    revoked_at: Utc | None
    """From then on none of its messages is accepted."""
    status: Literal["online", "missing", "never-seen"]
    health: int | None
    reasons: list[str]
    """What lowers its health, in stable words."""
    clock_skew_s: float | None
    """How far its clock is ahead of the coordinator's. Beyond 25 s it refuses all commands and gets no
    sessions. None while it sends no heartbeat."""
    refused_commands: dict[str, int]
    """Commands it refused since its start, by reason; `stale` points to a wrong clock."""
    level: int | None
    device: str | None
    models: dict[str, str]
    sessions: int
    """How many sessions of the caller's institution run there; for an operator, all that the node watches."""
    rating: int | None
    last_seen_at: Utc | None


class ParkedOut(Response):
    """The parked alert messages of one node and reason."""

    node_id: str
    reason: str
    """Why they could not be judged, in one word: `unknown-session`, `internal-error`, `no-alert` (not
    readable here), `perhaps-after-assignment`."""
    count: int
    oldest_at: Utc
    """When the first of them was parked."""


class ReplayOut(Response):
    """What became of the parked messages."""

    stored: int
    refused: int
    """Judged, and never an alert."""
    parked: int
    """Still parked."""
