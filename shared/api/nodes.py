"""Bodies of the REST API about edge nodes."""

from __future__ import annotations

from typing import Literal

from shared.api.bodies import Request, Response
from shared.api.node_settings import SettingsState
from shared.fields import Name, Utc, YesNo

NodeState = Literal["joining", "healthy", "degraded", "missing", "draining", "cordoned", "revoked"]


class PlacementRequest(Request):
    """Why a node gets no new sessions, or gets them again."""

    reason: Name | None = None
    """Shown to whoever looks at the node."""


class DrainRequest(PlacementRequest):
    """A drain: no new sessions; those whose exam has not begun move to other nodes; running exams go on until
    they end, or move too."""

    deadline_at: Utc | None = None
    """By when the node is to be empty. Nothing is ended then; what is left is shown as late."""
    move_running: YesNo = False
    """Move running exams to other nodes now. Nobody watches one while its page connects again, some seconds;
    what no other node takes stays."""


class ReasonOut(Response):
    """One reason for a node's state."""

    reason: str
    """A stable word."""
    text: str
    fix: str
    """What to do; empty: nothing."""


class LeftOut(Response):
    """What a node that gets no new sessions still has, over all institutions."""

    waiting: int
    """Sessions whose exam has not begun."""
    running: int
    """Sessions in their exam."""
    until: Utc | None
    """When the last of them ends at the latest. None: the node is empty."""


class MeasuresOut(Response):
    """What a node measured last of itself. None: unknown."""

    product: str | None
    """The version of its program."""
    lag_p95_s: float | None
    """From a call to a network until its answer, 95th percentile of the last seconds."""
    cpu: float | None
    """Share of the processor time that it may use; 1 is all of it."""
    memory: float | None
    """Share of the memory that it may use."""
    disk_free_bytes: int | None
    clock_offset_s: float | None
    """The coordinator's clock less the node's, as the node sees it."""
    certificate_begins_at: Utc | None
    certificate_ends_at: Utc | None
    """None also for a node that has not joined with a token."""


class NodeSettingsStateOut(Response):
    """What became of the settings that were given to a node; `/nodes/{node_id}/settings` has them."""

    version: int | None
    """What it is to have. None: nothing was ever given to it."""
    state: SettingsState
    reason: str
    """Why it was refused or rolled back, or what it waits for."""


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
    state: NodeState
    """Where it stands, in one word: `missing` after 15 s without a heartbeat."""
    why: list[ReasonOut]
    """Everything that explains the state, in words; for a healthy node at most what became of its
    settings."""
    placement: Literal["open", "cordoned", "draining"]
    """Whether it gets new sessions; kept when the coordinator starts again."""
    placement_since: Utc | None
    placement_reason: str | None
    drain_deadline_at: Utc | None
    left: LeftOut | None
    """For an operator, of a node that gets no new sessions. None: not counted."""
    outbox_waiting: int | None
    """Alerts that the coordinator has not stored yet."""
    measures: MeasuresOut | None
    """None: no heartbeat, or one of an older program."""
    policy_versions: dict[str, int]
    """For an operator: how many of its sessions have each version of their exam's policy."""
    settings: NodeSettingsStateOut | None = None
    """For an operator."""


class NodeHourOut(Response):
    """The last hour of one node, one value a minute, oldest first: the highest of that minute. A minute
    without a heartbeat is left out."""

    node_id: str
    at: list[Utc]
    sessions: list[int] | None
    """All that it watched. None: only operators see it."""
    lag_p95_s: list[float | None]
    level: list[int]
    cpu: list[float | None]
    outbox: list[int] | None
    """Alerts that waited. None: only operators see it."""


class NodeHistoryOut(Response):
    """The last hour of all nodes. It is kept in memory."""

    since: Utc | None
    """From when on there are values: the first heartbeat since this coordinator started."""
    nodes: list[NodeHourOut]


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
