"""What a worker needs to know of the node: a value, sent to its process first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from edge.media.negotiation import PeerSettings
from models.chain import BestDevice
from models.manifest import Profile
from models.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """One worker's settings; it gets no key of the node."""

    node_id: UUID
    region: str
    level: int
    """The degradation level at its start."""
    profile: Profile
    """Which licences of network weights are allowed."""
    best_device: BestDevice = BestDevice.CUDA
    """The best device that networks may use."""
    threads: int
    """Networks that may run at the same time."""
    peer: PeerSettings
    weights: Mapping[Task, str] = field(default_factory=dict)
    """The network that is to serve a task, as name@version; of other tasks the best that is here."""
