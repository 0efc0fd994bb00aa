"""Decides which versions of networks look at a session on its node, and which are only compared there. Pure.

A node gets only versions that it has at hand. Other versions are compared on idle capacity: for as many of
its sessions, the oldest first, as it could take more before it is busy, because each is then looked at twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coordinator.nodes.routing import BUSY
from shared.messages.heartbeats import Heartbeat
from shared.messages.versions import MOST_COMPARING

HEARING: Final = frozenset({"voice-activity", "sound-classes", "speaker-embedding", "speech-recognition"})
"""The manifest's tasks of networks that listen; nodes compare only those that see."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A version of a network that is rolled out."""

    task: str
    label: str
    region: str = ""
    """Of the nodes that it is for; empty: of all."""
    former: str = ""
    """The version that it is to replace."""

    def reaches(self, node: Heartbeat) -> bool:
        """Whether it is for this node."""
        return self.region in ("", node.region)


@dataclass(frozen=True, slots=True)
class NetworksInUse:
    """What looks at one session."""

    networks: Mapping[str, str]
    """The versions in place of the node's own, by task."""
    shadow: Mapping[str, str]
    """Those that are only compared."""


def looking(
    given: Mapping[str, str], compared: Offered | None, node: Heartbeat | None, session_id: UUID
) -> NetworksInUse:
    """What looks at a session on this node. `given`: the versions of its exam; `compared`: the version that
    is at the stage of the shadow."""
    if node is None:
        return NetworksInUse({}, {})
    own = set(node.models.values())
    networks = {
        task: label
        for task, label in sorted(given.items())
        if label not in own and node.at_hand.get(label) == task
    }
    return NetworksInUse(networks, {} if compared is None else _shadow(compared, networks, node, session_id))


def comparable_sessions(node: Heartbeat) -> frozenset[UUID]:
    """The sessions that this node has idle capacity to look at twice; none while its processor is busy."""
    if node.measures is not None and (node.measures.cpu or 0.0) > BUSY:
        return frozenset()
    idle = min(MOST_COMPARING, max(0, int(BUSY * node.rating) - node.load))
    return frozenset(sorted(one.session_id for one in node.sessions)[:idle])


def in_service(task: str, nodes: Iterable[Heartbeat]) -> str:
    """The version that serves a task on most of these nodes; empty if none says so."""
    serving = [
        label
        for node in nodes
        for label, its_task in sorted(node.at_hand.items())
        if its_task == task and label in node.models.values()
    ]
    return max(sorted(set(serving)), key=serving.count, default="")


def lacking(offered: Offered, nodes: Iterable[Heartbeat]) -> list[Heartbeat]:
    """Those of these nodes that it is for and that do not have it at hand."""
    return [node for node in nodes if offered.reaches(node) and offered.label not in node.at_hand]


def _shadow(
    compared: Offered, networks: Mapping[str, str], node: Heartbeat, session_id: UUID
) -> dict[str, str]:
    can = compared.reaches(node) and node.at_hand.get(compared.label) == compared.task
    another = networks.get(compared.task, compared.former) != compared.former
    serves = compared.label in node.models.values() or another
    if not can or serves or session_id not in comparable_sessions(node):
        return {}
    return {compared.task: compared.label}
